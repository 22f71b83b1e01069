package ceremony

import (
	"context"
	"time"

	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/secret"
)

// A Token is the HSM of the room, as far as the engine needs it. hsm/pkcs11 and
// ceremonytest implement it; ceremonytest.TestToken is the suite both must pass.
// A Token may be called from one goroutine at a time; calls cannot be cancelled
// once the module has them, ctx only guards the wait before.
type Token interface {
	TokenSession
	TokenKeys
	Wrapper
}

// TokenSession is finding the token and logging in.
type TokenSession interface {
	// Info describes module and token.
	Info(ctx context.Context) (TokenInfo, error)
	// Login logs in as the PKCS#11 user. A wrong PIN is an hsm.PINError; it is
	// never retried here. "Already logged in" is a failure, since the PIN was not
	// checked. An empty pin asks at the token's own pad.
	Login(ctx context.Context, pin secret.Bytes) error
	// Logout ends the login; handles are found again after the next.
	Logout(ctx context.Context) error
	// Inventory lists all objects, token and session, sorted by class, label, id.
	Inventory(ctx context.Context) ([]Object, error)
}

// TokenKeys makes, reads, uses and destroys keys.
type TokenKeys interface {
	// Generate makes the target key with attributes written explicitly and read
	// back. An existing object with the label is an error before anything is made.
	Generate(ctx context.Context, spec plan.KeySpec, label string) (Key, error)
	// Attributes reads a key's attributes back.
	Attributes(ctx context.Context, id KeyID) (Attributes, error)
	// CheckValue is AES: the leftmost 5 bytes of CMAC over a zero block (ANSI
	// X9.24-1:2017); HMAC: the leftmost 5 bytes of MAC(id, nonce), nonce required.
	CheckValue(ctx context.Context, id KeyID, nonce []byte) ([]byte, error)
	// MAC is the full HMAC over message with an HMAC key and its own hash.
	MAC(ctx context.Context, id KeyID, message []byte) ([]byte, error)
	// Seal sets EXTRACTABLE=false and reads it back.
	Seal(ctx context.Context, id KeyID) error
	// Destroy destroys the key and proves by searching that it is gone.
	Destroy(ctx context.Context, id KeyID) error
	// Sign signs with the P-256 transcript key; message is hashed with SHA-256
	// here; the signature is DER.
	Sign(ctx context.Context, message []byte) ([]byte, error)
}

// Wrapper proves and does the wrapping.
type Wrapper interface {
	// Preflight proves the recipes with throwaway keys, before any real key.
	Preflight(ctx context.Context, need Need) (Preflight, error)
	// Wrap wraps id under the cloud's key with a recipe that Preflight proved
	// (else it refuses), after reading modulus and exponent back equal.
	Wrap(ctx context.Context, id KeyID, with WrappingKey) (Wrapped, error)
}

// A KeyID is CKA_ID in lower-case hex, 16 random bytes.
type KeyID string

// A Key is a key just made and read back.
type Key struct {
	ID         KeyID
	Label      string
	Mechanism  string // "CKM_AES_KEY_GEN"
	Attributes Attributes
}

// Attributes are a key's attributes as the token claims them, by PKCS#11 name
// ("CKA_SENSITIVE" → "true").
type Attributes map[string]string

// TokenInfo is what goes into the record about the HSM.
type TokenInfo struct {
	Module       string // absolute path
	ModuleSHA256 string // hex, of the module file
	Cryptoki     string // version, "2.40"
	Library      string // description and version of the module
	Manufacturer string
	Model        string
	Serial       string
	Label        string
	Firmware     string
	Hardware     string
	Software     bool // a software token: production refuses it
	PINPad       bool // CKF_PROTECTED_AUTHENTICATION_PATH: Login with an empty PIN
	MinPIN       int
	MaxPIN       int
	TriesLow     bool // CKF_USER_PIN_COUNT_LOW
	FinalTry     bool // CKF_USER_PIN_FINAL_TRY
	Locked       bool // CKF_USER_PIN_LOCKED
}

// An Object is one line of the inventory.
type Object struct {
	Class string // "CKO_SECRET_KEY"
	Type  string // "CKK_AES", "" where it has none
	Label string
	ID    string // hex
	Token bool   // false: session object
}

// A Need is what the plan wants of the token.
type Need struct {
	Spec      plan.KeySpec
	Algorithm string // cloud's wrapping algorithm, "RSAES_OAEP_SHA_256"
	KeySpec   string // cloud's wrapping key spec, "RSA_4096"
}

// A Preflight is what the token was seen to do, as opposed to what it claims.
type Preflight struct {
	Recipes  []Recipe // every recipe tried, in order
	Cloud    string   // name of the recipe chosen for the cloud wrap
	Backup   string   // name of the recipe chosen for the backup wrap (KWP)
	Enforced []Enforcement
	Elapsed  time.Duration
}

// A Recipe is one way to wrap and what came of it on throwaway keys.
type Recipe struct {
	Name    string // "CKM_RSA_PKCS_OAEP SHA-256", "CKM_AES_KEY_WRAP with RFC 5649 IV"
	Outcome RecipeOutcome
	Detail  string
}

// A RecipeOutcome classifies a Recipe.
type RecipeOutcome string

// What came of a recipe.
const (
	RecipeProven     RecipeOutcome = "proven"      // bytes unwrapped in Go, equal
	RecipeRefused    RecipeOutcome = "refused"     // the token answered an error
	RecipeWrongBytes RecipeOutcome = "wrong-bytes" // CKR_OK, and other bytes than asked for
)

// An Enforcement is one rule that a token may claim, and whether it held.
type Enforcement struct {
	Rule string // "CKA_EXTRACTABLE=false refuses C_WrapKey"
	Held bool
	Note string
}

// A WrappingKey is the cloud's public key-transport key.
type WrappingKey struct {
	SPKI      []byte // SubjectPublicKeyInfo DER
	Algorithm string // "RSAES_OAEP_SHA_256"
	KeySpec   string // "RSA_4096"
}

// A Wrapped is the blob for the cloud and how it was made.
type Wrapped struct {
	Blob      []byte
	Mechanism string // mechanism with its parameters, for the record
}
