package ceremony

import (
	"context"
	"errors"

	"keyrite.dev/keyrite/ceremony/secret"
)

// A Splitter does what needs clear key material, in a process that is not this
// one and that lives for one call (hsm/worker). It verifies plan, roster,
// request and approvals from the journal by itself. ceremonytest.TestSplitter is
// its suite.
type Splitter interface {
	// Split makes a backup key in the token, wraps the target under it, releases
	// it, splits it, recombines every threshold subset, seals each share to its
	// custodian and destroys the backup key.
	Split(ctx context.Context, job Job, pin secret.Bytes) (SplitResult, error)
	// ProveOpen proves, in a fresh worker, that a custodian's own credential opens
	// the own sealed share and that it matches its commitment.
	ProveOpen(ctx context.Context, job Job, custodian string, passphrase secret.Bytes) (OpenResult, error)
	// Recover opens the shares of the holders, rebuilds the backup key inside the
	// token, unwraps the backup blob there as a token object, and destroys the
	// rebuilt backup key. The recovered key stays, to be wrapped and destroyed.
	Recover(ctx context.Context, job Job, pin secret.Bytes, holders []Holder) (RecoverResult, error)
}

// ErrOtherKey says that the shares rebuilt another key than was split: the backup
// does not hold the key. There is no second try: the ceremony stops.
var ErrOtherKey = errors.New("the backup does not hold the key")

// A Job points a worker at what it must verify before it acts. Everything else
// it reads from the journal's request line.
type Job struct {
	Folder  string // ceremony folder: journal.jsonl, plan.dsse.json, shares/
	Request int    // seq of the approved request
}

// A Holder is a custodian who opens the own share.
type Holder struct {
	ID         string
	Passphrase secret.Bytes
}

// A SplitResult holds nothing secret.
type SplitResult struct {
	BackupBlob []byte        // KWP of the target under the backup key
	SplitID    string        // hex, 16 random bytes
	Shares     []SealedShare // in roster order
	Subsets    int           // threshold subsets recombined and compared
	AllSubsets bool          // false: Subsets is a sample
	ExposureMS int           // backup key in clear in the worker, milliseconds, rounded up
	BackupKCV  string        // hex; CMAC check value of the backup key
	Destroyed  bool          // backup key searched for and not found
	NoNetwork  bool          // the worker had no network namespace
	SecretDo   bool          // split ran inside runtime/secret
}

// A SealedShare is one custodian's share, sealed to that custodian.
type SealedShare struct {
	Custodian  string // roster id
	Index      int    // 1..n
	Sealed     []byte // age file
	Commitment string // hex, salted (package share)
}

// An OpenResult says that a share opened and matched.
type OpenResult struct {
	Custodian  string
	Commitment string // hex, recomputed from the opened share
}

// A RecoverResult names the key regained.
type RecoverResult struct {
	Key        KeyID
	Label      string
	CheckValue []byte
	ExposureMS int
	Destroyed  bool // landing objects and rebuilt backup key searched for and not found
}
