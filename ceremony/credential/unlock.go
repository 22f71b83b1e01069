package credential

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"filippo.io/age"

	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/secret"
)

// Unlock opens a credential. The error wraps [ErrPassphrase] where the passphrase
// is wrong. It takes as long as scrypt with the file's work factor does.
func Unlock(file []byte, passphrase secret.Bytes) (*Unlocked, error) {
	u, err := unlock(file, passphrase)
	if err != nil {
		return nil, err
	}
	return u, nil
}

// unlock answers an Unlocked with its stretching time in any case.
func unlock(file []byte, passphrase secret.Bytes) (*Unlocked, error) {
	u := &Unlocked{}
	pub, private, err := parse(file)
	if err != nil {
		return u, fmt.Errorf("invalid credential: %w", err)
	}
	u.public = pub.Key
	secret.Do(func() { err = u.open(pub, private, passphrase) })
	if err != nil {
		u.Release()
	}
	return u, err
}

// open runs inside secret.Do.
func (u *Unlocked) open(pub Public, private []byte, passphrase secret.Bytes) error {
	var plain []byte
	err := passphrase.Expose(func(p []byte) error {
		i, err := age.NewScryptIdentity(string(p))
		if err != nil {
			return fmt.Errorf("%w (it is empty)", ErrPassphrase)
		}
		i.SetMaxWorkFactor(pub.LogN)
		began := time.Now()
		r, err := age.Decrypt(bytes.NewReader(private), i)
		u.stretching = time.Since(began)
		if errors.Is(err, age.ErrIncorrectIdentity) {
			return ErrPassphrase
		}
		if err != nil {
			return errors.New("invalid credential: its private part is damaged")
		}
		plain, err = io.ReadAll(r)
		if err != nil {
			return errors.New("invalid credential: its private part is damaged")
		}
		return nil
	})
	if err != nil {
		return err
	}
	defer clear(plain)
	return u.read(plain, pub)
}

// read takes the keys from the private part and proves that they are those of the
// public part.
func (u *Unlocked) read(plain []byte, pub Public) error {
	wrong := errors.New("invalid credential: its private part does not belong to its public part")
	line, rest, _ := bytes.Cut(plain, []byte("\n"))
	seedHex, ok := bytes.CutPrefix(line, []byte(seedPrefix))
	identity, last := bytes.CutSuffix(rest, []byte("\n"))
	seed := make([]byte, ed25519.SeedSize)
	if !ok || !last || len(seedHex) != hex.EncodedLen(len(seed)) {
		return wrong
	}
	if _, err := hex.Decode(seed, seedHex); err != nil {
		return wrong
	}
	private := ed25519.NewKeyFromSeed(seed)
	clear(seed)
	u.key = secret.Take(private)
	id, err := age.ParseHybridIdentity(string(identity))
	if err != nil {
		return wrong
	}
	u.identity = func() age.Identity { return id }
	key, err := dsse.NewPublicKey(private.Public(), nil)
	if err != nil || key != pub.Key || id.Recipient().String() != pub.Recipient {
		return wrong
	}
	return nil
}

// An Unlocked credential signs and unseals until it is released.
type Unlocked struct {
	public     dsse.PublicKey
	key        secret.Bytes        // ed25519.PrivateKey
	identity   func() age.Identity // a func, so that fmt cannot print what it finds
	stretching time.Duration
}

// Public is the signing key.
func (u *Unlocked) Public() dsse.PublicKey { return u.public }

// Sign signs message with pure Ed25519.
func (u *Unlocked) Sign(ctx context.Context, message []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if u.key.Len() == 0 {
		return nil, errors.New("the credential was released")
	}
	var sig []byte
	err := u.key.Expose(func(key []byte) error {
		secret.Do(func() { sig = ed25519.Sign(key, message) })
		return nil
	})
	return bytes.Clone(sig), err
}

// Identity unseals what was sealed to the credential's recipient; nil after
// [Unlocked.Release]. Use it inside secret.Do.
func (u *Unlocked) Identity() age.Identity {
	if u.identity == nil {
		return nil
	}
	return u.identity()
}

// Stretching is how long scrypt took: time that belongs to the passphrase and not
// to the work.
func (u *Unlocked) Stretching() time.Duration { return u.stretching }

// Release overwrites the signing key and lets go of the identity, whose memory
// the collector erases in builds with runtime/secret. It may be called twice.
func (u *Unlocked) Release() {
	u.key.Destroy()
	u.key, u.identity = secret.Bytes{}, nil
}
