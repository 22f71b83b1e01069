package command

import (
	"context"
	"time"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/policy"
	"keyrite.dev/keyrite/ceremony/secret"
)

// Deps are the parts that main wires in. A headless build leaves Tokens and
// Window nil.
type Deps struct {
	Version   string
	Targets   map[string]Target // by cloud name, plan.Destination.Cloud
	Cloud     func(ctx context.Context, at Endpoint) (ceremony.Cloud, error)
	Rehearsal func(ctx context.Context, listen string) (RehearsalCloud, error)
	Tokens    Tokens
	Window    Window
}

// A Target is a cloud's offline knowledge, for the policy and for the room.
type Target interface {
	policy.Target
	ceremony.Target
}

// An Endpoint is where a cloud is reached. Rehearsal refuses everything that is
// not loopback and takes no ambient credentials.
type Endpoint struct {
	URL       string // "" is the cloud's own
	Region    string
	Rehearsal bool
}

// A RehearsalCloud is an embedded KMS that runs.
type RehearsalCloud interface {
	URL() string
	// Waited is how long callers waited for the pretended cloud's own RSA keys,
	// which a real cloud makes on its own machines.
	Waited() time.Duration
	Close() error
}

// Tokens makes HSM tokens with their split worker.
type Tokens interface {
	// MakeThrowaway makes a token of kind "softhsm" or "nss" in an empty folder and
	// commissions it with a transcript key.
	MakeThrowaway(ctx context.Context, kind, folder string, soPIN, userPIN secret.Bytes) (Throwaway, error)
}

// A Throwaway is a rehearsal's token, logged out.
type Throwaway struct {
	Token         ceremony.Token
	TranscriptKey []byte // SPKI
	// Splitter starts workers on this token; credentials reads a custodian's file.
	Splitter func(credentials func(id string) ([]byte, error)) ceremony.Splitter
	Close    func() error
}

// A Window opens the program's window on the calling goroutine, which must be
// the program's first, and returns when it was closed.
type Window func(ctx context.Context, w WindowConfig) error

// A WindowConfig is what the window may start. Rehearse runs on a goroutine of
// the window's; the window is its Prompter. An error is for the person to read.
type WindowConfig struct {
	Rehearse func(ctx context.Context, o RehearsalOptions, room ceremony.Prompter) (Summary, error)
	Start    *RehearsalOptions // opens at step one of this rehearsal; nil: at home
	Options  RehearsalOptions  // for a rehearsal started from home
}

// RehearsalOptions are the flags of keyrite rehearse.
type RehearsalOptions struct {
	Plan     string // file, "" is the built-in plan
	Token    string // "softhsm", "nss"
	Endpoint string // "" is the embedded cloud
	Region   string
	Out      string // must not exist
}

// A Summary is what a rehearsal came to, for a person.
type Summary struct {
	Lines []SummaryLine
}

// A SummaryLine is one name and one value of a Summary.
type SummaryLine struct{ Name, Value string }
