package ceremony

import (
	"context"
	"time"

	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/secret"
)

// A Target knows, without a network, what one cloud accepts and how its parcels
// look. transport/aws implements it. (Whether the cloud takes a combination of
// key and wrapping at all is policy.Target's question, asked earlier.)
type Target interface {
	// OpenParameters reads a signed import-parameters parcel: strict, capped, of
	// mode, signed by the plan's fetcher, for the plan's destination, algorithm
	// and key spec, two distinct sets for AES and one for HMAC.
	OpenParameters(parcel []byte, mode dsse.Mode, p plan.Plan) (Parameters, error)
	// CheckBlob checks a wrapped blob's shape against its parameter set.
	CheckBlob(blob []byte, set ParameterSet) error
	// Package makes the wrapped-key parcel that the importer carries out.
	Package(ctx context.Context, x Export, signer dsse.Signer) ([]byte, error)
}

// Parameters are what GetParametersForImport answered, once per set.
type Parameters struct {
	Sets   []ParameterSet
	By     string // roster id of the fetcher
	Digest string // SHA-256 of the parcel file, hex
}

// A ParameterSet is one wrapping key with its import token.
type ParameterSet struct {
	Algorithm   string
	Fingerprint string // SHA-256 of SPKI, hex
	Key         string // destination key (ARN)
	KeySpec     string // of the wrapping key
	Region      string
	RequestID   string
	SPKI        []byte
	Token       []byte
	ValidTo     time.Time
}

// WrappingKey is the set's public key for [Wrapper.Wrap].
func (s ParameterSet) WrappingKey() WrappingKey {
	return WrappingKey{SPKI: s.SPKI, Algorithm: s.Algorithm, KeySpec: s.KeySpec}
}

// A BlobUse says what a wrapped blob is for.
type BlobUse string

// Uses of a blob.
const (
	UseNew      BlobUse = "new"      // the target, to be imported as new material
	UseExisting BlobUse = "existing" // AES: the key regained from the shares; the cloud must find it equal
)

// A Blob is one wrapped key with the parameter set it was made for.
type Blob struct {
	Use BlobUse
	Set ParameterSet
	Key []byte // EncryptedKeyMaterial
}

// An Export is all that goes into a wrapped-key parcel. Seal and plan are the
// files' bytes: the importer checks the room's signatures and the seal's digest
// of every blob without any other file.
type Export struct {
	Mode     dsse.Mode
	Ceremony string // id, hex
	Spec     plan.KeySpec
	Blobs    []Blob
	Nonce    []byte // HMAC: to be tagged by the cloud; the expected tag stays with the officer
	Plan     []byte // plan.dsse.json
	Seal     []byte // seal.json
	Recorder []byte // SPKI of the recorder, who signs the parcel
	Expires  time.Time
}

// A Cloud is the online side. transport/aws implements it with the real SDK.
type Cloud interface {
	// CreateKey makes an empty key (Origin EXTERNAL) and answers its destination.
	CreateKey(ctx context.Context, spec plan.KeySpec, description string) (plan.Destination, error)
	// Fetch gets the parameter sets for a key and answers the signed parcel.
	Fetch(ctx context.Context, f Fetch) ([]byte, error)
	// Import checks, imports, waits, proves, and answers the signed receipt.
	Import(ctx context.Context, i Import) (Receipt, error)
}

// A Fetch says which parameters are wanted.
type Fetch struct {
	Mode     dsse.Mode
	Key      string       // key id or ARN, no alias
	Spec     plan.KeySpec // "" asks the cloud
	Wrapping plan.Wrapping
	Signer   dsse.Signer // the fetcher
	// Fetched, if set, is told of every set: its fingerprint goes to the officer
	// by another channel than the parcel.
	Fetched func(set ParameterSet)
}

// An Import says what to import and whom to trust.
type Import struct {
	Parcel  []byte
	Trusted map[string]plan.Role // fingerprint → role
	Signer  dsse.Signer          // the importer
	// Control also imports a random blob as existing material, which the cloud
	// must refuse: always in rehearsal, by choice in production.
	Control  bool
	Progress func(stage string)
}

// A Receipt is the importer's signed claim and its parts for people.
type Receipt struct {
	Parcel     []byte
	Key        string // ARN
	State      string // "Enabled"
	Proof      string // "existing-material" or "hmac-tag"
	Tag        []byte // HMAC: the cloud's tag over the parcel's nonce; else nil
	MaterialID string // AES
	Control    string // "refused", or "" where not asked
	Elapsed    time.Duration
}

// Credentials give a person's signing key for one signature. The engine calls
// Release after every use. ceremony/credential implements it over files.
type Credentials interface {
	Unlock(ctx context.Context, member plan.Member, passphrase secret.Bytes) (Unlocked, error)
}

// An Unlocked credential signs until it is released. It is an alias, so that
// package credential can answer one without importing this package.
type Unlocked = interface {
	dsse.Signer
	Release()
}

// A Clock tells the time, in UTC.
type Clock interface{ Now() time.Time }
