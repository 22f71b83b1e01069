package credential

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/secret"
)

// A Store unlocks the credentials of a roster. It keeps nothing unlocked. It is
// safe for use by several goroutines.
type Store struct {
	mode       dsse.Mode
	read       func(id string) ([]byte, error)
	stretching atomic.Int64 // nanoseconds
}

// NewStore makes a store for ceremonies of mode; read answers the credential file
// of a roster id.
func NewStore(mode dsse.Mode, read func(id string) ([]byte, error)) *Store {
	return &Store{mode: mode, read: read}
}

// Unlock opens a member's credential for one signature. It refuses a credential
// of another mode, and one whose key is not the member's in the roster, before
// the passphrase is tried. The error wraps [ErrPassphrase] where that is wrong.
func (s *Store) Unlock(ctx context.Context, m plan.Member, passphrase secret.Bytes) (interface {
	dsse.Signer
	Release()
}, error,
) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	file, err := s.read(m.ID)
	if err != nil {
		return nil, fmt.Errorf("failed to read the credential of %s: %w", m.ID, err)
	}
	pub, err := Parse(file)
	if err != nil {
		return nil, fmt.Errorf("credential of %s: %w", m.ID, err)
	}
	switch {
	case pub.Mode != s.mode:
		return nil, fmt.Errorf("the credential of %s is for %s, and this is a %s", m.ID, pub.Mode, s.mode)
	case string(pub.Key.DER()) != string(m.Key):
		return nil, fmt.Errorf("the credential of %s holds another key (%.16s) than the plan names", m.ID, pub.Fingerprint())
	}
	u, err := unlock(file, passphrase)
	s.stretching.Add(int64(u.Stretching()))
	if err != nil {
		return nil, err
	}
	return u, nil
}

// Stretching is the time spent in scrypt so far, for measurements that tell the
// passphrase's cost from the work's.
func (s *Store) Stretching() time.Duration { return time.Duration(s.stretching.Load()) }
