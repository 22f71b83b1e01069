package command

import (
	"context"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/policy"
	"keyrite.dev/keyrite/ceremony/secret"
)

// Deps are the parts that main wires in. A headless build leaves Tokens nil.
type Deps struct {
	Version   string
	Targets   map[string]Target // by cloud name, plan.Destination.Cloud
	Cloud     func(ctx context.Context, at Endpoint) (ceremony.Cloud, error)
	Rehearsal func(ctx context.Context, listen string) (RehearsalCloud, error)
	Tokens    Tokens
	Window    func(ctx context.Context, d Deps, r Rehearsal) error // nil: no window in this build
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
	Close() error
}

// Tokens makes and opens HSM tokens and their split worker.
type Tokens interface {
	// MakeThrowaway makes a token of kind "softhsm" or "nss" in an empty folder and
	// commissions it: SPKI of the transcript key.
	MakeThrowaway(ctx context.Context, kind, folder string, soPIN, userPIN secret.Bytes) (Throwaway, error)
}

// A Throwaway is a rehearsal's token.
type Throwaway struct {
	Token         ceremony.Token
	TranscriptKey []byte // SPKI
	// Splitter starts workers on this token; credentials reads a custodian's file.
	Splitter func(credentials func(id string) ([]byte, error)) ceremony.Splitter
	Close    func() error
}

// A Rehearsal is what the window needs to open at step one.
type Rehearsal struct {
	Plan, Token, Endpoint, Region, Out string
}
