// Package plan holds what was decided before the day: who, how many shares,
// which key, for which cloud. docs/formats/plan.md specifies the file.
package plan

import "time"

// Version is the plan format that this program writes and reads.
const Version = 1

// A Role is what a roster member is there for. A member has one.
type Role string

// Roles.
const (
	Administrator Role = "administrator" // leads the ceremony, operates the laptop
	Operator      Role = "hsm-operator"  // PIN or quorum at the HSM
	Custodian     Role = "custodian"     // holds one share, approves
	Witness       Role = "witness"       // follows the script, records, signs the seal
	Officer       Role = "officer"       // security officer: signs the plan, reads the fingerprint, accepts
	Fetcher       Role = "fetcher"       // fetches the import parameters, online
	Importer      Role = "importer"      // imports the wrapped key, online
	HSM           Role = "hsm"           // the HSM's transcript-signing key
)

// A Plan is the whole human input of a ceremony. Fields are in alphabetical
// order of their JSON names (package canon).
type Plan struct {
	Afterwards    Afterwards     `json:"afterwards"`
	Ceremony      string         `json:"ceremony"` // ceremony kind; "key-import"
	Cryptoperiod  int            `json:"cryptoperiodDays"`
	Destination   Destination    `json:"destination"`
	Exceptions    []Exception    `json:"exceptions"`
	Key           Key            `json:"key"`
	MinimumLife   int            `json:"minimumLifeMinutes"` // of import parameters, when the wrap begins
	Original      string         `json:"original"`           // rehearsal: SHA-256 of the plan file rehearsed, else ""
	PhysicalSteps []PhysicalStep `json:"physicalSteps"`
	RegisterHead  string         `json:"registerHead"` // head of the custodian register; may be ""
	Roster        []Member       `json:"roster"`
	Scheme        string         `json:"scheme"` // "backup-key"
	Shares        Shares         `json:"shares"`
	Title         string         `json:"title" max:"200"`
	Version       int            `json:"version"`
	Wrapping      Wrapping       `json:"wrapping"`
}

// CeremonyKeyImport is the one ceremony kind so far.
const CeremonyKeyImport = "key-import"

// SchemeBackupKey splits a fresh key that wraps the target, not the target.
const SchemeBackupKey = "backup-key"

// Afterwards is what happens to the target key in the HSM.
type Afterwards string

// What may happen to the key.
const (
	Keep    Afterwards = "keep"    // stays, non-extractable from the clean-up on
	Destroy Afterwards = "destroy" // destroyed in the clean-up; a lost import is repaired from the shares
)

// A Destination is one key in one cloud.
type Destination struct {
	Account string `json:"account"`
	Cloud   string `json:"cloud"`         // "aws"
	Key     string `json:"key" max:"512"` // the cloud's own name; AWS: key ARN
	Region  string `json:"region"`
}

// CloudAWS names AWS KMS as destination.
const CloudAWS = "aws"

// An Exception lifts one rule, with a reason that the officer signs.
type Exception struct {
	Reason string `json:"reason" max:"1000"`
	Rule   string `json:"rule"`
}

// A Key is what is to be made.
type Key struct {
	Label string  `json:"label"`
	Spec  KeySpec `json:"spec"`
}

// A KeySpec names kind and size of the target key.
type KeySpec string

// Key specs.
const (
	AES256  KeySpec = "AES_256"
	HMAC224 KeySpec = "HMAC_224"
	HMAC256 KeySpec = "HMAC_256"
	HMAC384 KeySpec = "HMAC_384"
	HMAC512 KeySpec = "HMAC_512"
)

// Bytes is the length of a key of this spec, 0 for an unknown one.
func (s KeySpec) Bytes() int {
	switch s {
	case AES256, HMAC256:
		return 32
	case HMAC224:
		return 28
	case HMAC384:
		return 48
	case HMAC512:
		return 64
	default:
		return 0
	}
}

// IsHMAC tells a MAC key from an encryption key.
func (s KeySpec) IsHMAC() bool { return s != AES256 && s.Bytes() > 0 }

// A PhysicalStep is something done by hand ("open safe 2"), inserted into the
// script after the step named.
type PhysicalStep struct {
	Actor   Role   `json:"actor"`
	After   string `json:"after"` // step number, "2.7"
	Text    string `json:"text" max:"500"`
	Watcher Role   `json:"watcher"`
}

// A Member is one person of the roster, or the HSM's transcript key.
type Member struct {
	ID        string `json:"id" form:"id"`         // short, unique: "custodian-1"
	Key       []byte `json:"key"`                  // SubjectPublicKeyInfo of the signing key
	Name      string `json:"name" max:"200"`       // as on the identity document
	Recipient string `json:"recipient" max:"4096"` // age recipient; custodians only, else ""
	Role      Role   `json:"role"`
}

// Shares is the k of n.
type Shares struct {
	Count     int `json:"count"`     // n
	Threshold int `json:"threshold"` // k
}

// A Wrapping is how the target is wrapped for the cloud, in the cloud's words.
type Wrapping struct {
	Algorithm string `json:"algorithm"` // AWS WrappingAlgorithm
	KeySpec   string `json:"keySpec"`   // AWS WrappingKeySpec
}

// With returns the members with a role, in roster order.
func (p Plan) With(role Role) []Member {
	var out []Member
	for _, m := range p.Roster {
		if m.Role == role {
			out = append(out, m)
		}
	}
	return out
}

// Member finds a member by id.
func (p Plan) Member(id string) (Member, bool) {
	for _, m := range p.Roster {
		if m.ID == id {
			return m, true
		}
	}
	return Member{}, false
}

// Life is MinimumLife as a duration.
func (p Plan) Life() time.Duration { return time.Duration(p.MinimumLife) * time.Minute }
