package ceremony

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"fmt"

	"keyrite.dev/keyrite/ceremony/dsse"
)

// recorderID is how the journal names the program's own key.
const recorderID = "recorder"

// A recorder is the key that writes the program's own lines. It is made in
// memory for one run and forgotten at its end, so that nobody can append later.
type recorder struct {
	private ed25519.PrivateKey
	public  dsse.PublicKey
}

func newRecorder() (recorder, error) {
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return recorder{}, fmt.Errorf("failed to make the recorder's key: %w", err)
	}
	public, err := dsse.NewPublicKey(pub, nil)
	return recorder{private: priv, public: public}, err
}

func (r recorder) Public() dsse.PublicKey { return r.public }

func (r recorder) Sign(_ context.Context, message []byte) ([]byte, error) {
	return ed25519.Sign(r.private, message), nil
}

func (r recorder) forget() { clear(r.private) }

// An hsmSigner signs with the HSM's transcript key.
type hsmSigner struct {
	token  Token
	public dsse.PublicKey
}

func (s hsmSigner) Public() dsse.PublicKey { return s.public }

func (s hsmSigner) Sign(ctx context.Context, message []byte) ([]byte, error) {
	return s.token.Sign(ctx, message)
}

func randomHex(n int) (string, error) {
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		return "", fmt.Errorf("failed to draw random bytes: %w", err)
	}
	return hex.EncodeToString(b), nil
}
