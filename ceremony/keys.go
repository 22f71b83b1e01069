package ceremony

import (
	"encoding/hex"
	"errors"
	"fmt"

	"keyrite.dev/keyrite/ceremony/credential"
	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
)

// publicKeyOf is a member's signing key; policy has checked it (rule KEYS).
func publicKeyOf(m plan.Member) (dsse.PublicKey, error) {
	k, err := dsse.ParsePublicKey(m.Key)
	if err != nil {
		return k, fmt.Errorf("key of %s: %w", m.ID, err)
	}
	return k, nil
}

// IsPassphrase tells a wrong passphrase from other failures: the person types
// again.
func IsPassphrase(err error) bool { return errors.Is(err, credential.ErrPassphrase) }

// hmacNonce is what the cloud is asked to tag; the expected tag stays in the
// journal, with the officer.
func (r *Run) hmacNonce() []byte {
	if !r.plan.Key.Spec.IsHMAC() {
		return nil
	}
	b, err := hex.DecodeString(r.state.Value(KindGenerate, "nonce"))
	if err != nil {
		return nil // generate wrote it as hex
	}
	return b
}
