package aws

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/transport"
)

// recorder is the issuer's role in wrapped-key parcels; it is no plan role.
const recorder = "recorder"

// nonceSize is the length of an HMAC challenge, bytes.
const nonceSize = 32

// wrappedKey is the payload of a wrapped-key parcel.
type wrappedKey struct {
	Blobs  []wrappedBlob    `json:"blobs"`
	Header transport.Header `json:"header"`
	Nonce  []byte           `json:"nonce"` // HMAC: 32 bytes to be tagged; AES: empty
	Plan   []byte           `json:"plan"`  // the file plan.dsse.json
	Seal   []byte           `json:"seal"`  // the file seal.json
	Spec   plan.KeySpec     `json:"spec"`
}

// A wrappedBlob is one wrapped key and the set it was wrapped for.
type wrappedBlob struct {
	Set     parameterSet     `json:"set"`
	Use     ceremony.BlobUse `json:"use"`
	Wrapped []byte           `json:"wrapped"` // EncryptedKeyMaterial
}

// Head implements [transport.Payload].
func (w *wrappedKey) Head() transport.Header { return w.Header }

// Package makes the wrapped-key parcel. It refuses to write what [Client.Import]
// would refuse for its form.
func (t Target) Package(ctx context.Context, x ceremony.Export, signer dsse.Signer) ([]byte, error) {
	if !bytes.Equal(x.Recorder, signer.Public().DER()) {
		return nil, errors.New("the wrapped-key parcel must be signed by the recorder")
	}
	w := wrappedKey{
		Blobs:  []wrappedBlob{},
		Header: transport.NewHeader(x.Ceremony, x.Expires, signer, recorder),
		Nonce:  append([]byte{}, x.Nonce...),
		Plan:   x.Plan,
		Seal:   x.Seal,
		Spec:   x.Spec,
	}
	for _, b := range x.Blobs {
		w.Blobs = append(w.Blobs, wrappedBlob{Set: spellSet(b.Set), Use: b.Use, Wrapped: b.Key})
	}
	if err := w.check(); err != nil {
		return nil, fmt.Errorf("invalid wrapped-key parcel: %w", err)
	}
	return transport.Seal(ctx, x.Mode, transport.WrappedKey, &w, signer)
}

// check checks what the payload says without the plan and the seal inside it.
func (w *wrappedKey) check() error {
	var nonce int
	if w.Spec.IsHMAC() {
		nonce = nonceSize
	}
	switch {
	case !transport.IsDigest(w.Header.Ceremony):
		return errors.New("no ceremony is named")
	case w.Header.Expires == "":
		return errors.New("no end of its use is named")
	case w.Spec.Bytes() == 0:
		return fmt.Errorf("unknown key spec %q", w.Spec)
	case len(w.Blobs) != setsFor(w.Spec):
		return fmt.Errorf("%d wrapped keys, %s needs %d", len(w.Blobs), w.Spec, setsFor(w.Spec))
	case len(w.Nonce) != nonce:
		return fmt.Errorf("nonce of %d bytes, want %d", len(w.Nonce), nonce)
	}
	for i, b := range w.Blobs {
		if want := useAt(i); b.Use != want {
			return fmt.Errorf("wrapped key %d is for %q, want %q", i+1, b.Use, want)
		}
	}
	return nil
}

// useAt is what the blob at place i is for.
func useAt(i int) ceremony.BlobUse {
	if i == 0 {
		return ceremony.UseNew
	}
	return ceremony.UseExisting
}
