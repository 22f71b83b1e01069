package rehearsal

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
	"time"
)

// account is the one account of this cloud; AWS's documentation uses the number.
const account = "111122223333"

// States of a key and of its material.
const (
	stateEnabled       = "Enabled"
	statePendingImport = "PendingImport"

	materialCurrent = "CURRENT"
	materialPending = "PENDING_ROTATION"
)

// A key is one KMS key. The server's lock guards it.
type key struct {
	arn, id, region string
	spec            string
	kind            keyKind
	origin          string
	description     string
	created         time.Time
	materials       []*material // in the order of their first import
	settles         time.Time   // until then an import does not show
}

// A material is key material that was imported at least once. Its bytes stay
// after deletion or expiry: the real service keeps enough to know them again.
type material struct {
	id       string
	value    []byte
	note     string
	state    string // materialCurrent, materialPending
	imported bool   // false after deletion
	validTo  time.Time
}

// materialID names material for one key. The real function is not published.
func materialID(arn string, value []byte) string {
	mac := hmac.New(sha256.New, []byte("keyrite rehearsal cloud: key material id"))
	mac.Write([]byte(arn))
	mac.Write([]byte{0})
	mac.Write(value)
	return hex.EncodeToString(mac.Sum(nil))
}

func (m *material) usable(now time.Time) bool {
	return m.imported && (m.validTo.IsZero() || now.Before(m.validTo))
}

func (m *material) expiration() string {
	if m.validTo.IsZero() {
		return "KEY_MATERIAL_DOES_NOT_EXPIRE"
	}
	return "KEY_MATERIAL_EXPIRES"
}

// current is the material that encrypts, nil before the first import.
func (k *key) current() *material {
	for _, m := range k.materials {
		if m.state == materialCurrent {
			return m
		}
	}
	return nil
}

func (k *key) material(id string) *material {
	for _, m := range k.materials {
		if m.id == id {
			return m
		}
	}
	return nil
}

// state is Enabled when all material that belongs to the key for good is there.
func (k *key) state(now time.Time) string {
	m := k.current()
	if m == nil || !m.usable(now) || now.Before(k.settles) {
		return statePendingImport
	}
	return stateEnabled
}

func (k *key) symmetric() bool { return k.kind.mac == "" }

// keyName is what KeyId may be: an id, or an ARN.
var keyName = regexp.MustCompile(`^[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}$`)

// find finds a key by id or ARN. There are no aliases here.
func (s *Server) find(name, region string) (*key, error) {
	id := name
	if strings.HasPrefix(name, "arn:") {
		parts := strings.SplitN(name, ":", 6)
		if len(parts) < 6 || parts[1] != "aws" || parts[2] != "kms" {
			return nil, newFault("InvalidArnException", "%s is not a valid ARN", name)
		}
		if parts[3] != region {
			return nil, newFault("NotFoundException", "Invalid arn %s", parts[3])
		}
		var ok bool
		if id, ok = strings.CutPrefix(parts[5], "key/"); !ok || parts[4] != account {
			return nil, noSuchKey(name)
		}
	}
	switch k := s.keys[id]; {
	case strings.HasPrefix(id, "alias/"):
		return nil, newFault("NotFoundException", "Alias arn:aws:kms:%s:%s:%s is not found.", region, account, id)
	case !keyName.MatchString(id):
		return nil, newFault("NotFoundException", "Invalid keyId '%s'", id)
	case k == nil || k.region != region:
		return nil, noSuchKey("arn:aws:kms:" + region + ":" + account + ":key/" + id)
	default:
		return k, nil
	}
}

// A metadata is KeyMetadata.
type metadata struct {
	AWSAccountID   string   `json:"AWSAccountId"`
	Arn            string   `json:"Arn"`
	CreationDate   *epoch   `json:"CreationDate"`
	CurrentID      string   `json:"CurrentKeyMaterialId,omitempty"`
	MasterKeySpec  string   `json:"CustomerMasterKeySpec"`
	Description    string   `json:"Description"`
	Enabled        bool     `json:"Enabled"`
	Encryption     []string `json:"EncryptionAlgorithms,omitempty"`
	ExpirationKind string   `json:"ExpirationModel,omitempty"`
	KeyID          string   `json:"KeyId"`
	KeyManager     string   `json:"KeyManager"`
	KeySpec        string   `json:"KeySpec"`
	KeyState       string   `json:"KeyState"`
	KeyUsage       string   `json:"KeyUsage"`
	MacAlgorithms  []string `json:"MacAlgorithms,omitempty"`
	MultiRegion    bool     `json:"MultiRegion"`
	Origin         string   `json:"Origin"`
	ValidTo        *epoch   `json:"ValidTo,omitempty"`
}

type keyAnswer struct {
	KeyMetadata metadata `json:"KeyMetadata"`
}

func (s *Server) describe(k *key) keyAnswer {
	m := metadata{
		AWSAccountID: account, Arn: k.arn, CreationDate: at(k.created), MasterKeySpec: k.spec,
		Description: k.description, KeyID: k.id, KeyManager: "CUSTOMER", KeySpec: k.spec,
		KeyState: k.state(s.cfg.Now()), KeyUsage: k.kind.usage, Origin: k.origin,
	}
	m.Enabled = m.KeyState == stateEnabled
	if k.symmetric() {
		m.Encryption = []string{"SYMMETRIC_DEFAULT"}
	} else {
		m.MacAlgorithms = []string{k.kind.mac}
	}
	if c := k.current(); c != nil {
		if k.symmetric() { // stays after deletion, as seen on the real service
			m.CurrentID = c.id
		}
		if k.origin == "EXTERNAL" && m.Enabled {
			m.ExpirationKind, m.ValidTo = c.expiration(), at(c.validTo)
		}
	}
	return keyAnswer{m}
}

func (s *Server) describeKey(_ context.Context, r *request) (any, error) {
	name := r.keyID()
	if err := r.err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.find(name, r.region)
	if err != nil {
		return nil, err
	}
	return s.describe(k), nil
}

// createKey makes a key, empty if its origin is EXTERNAL. Policy and tags are
// taken and have no effect.
func (s *Server) createKey(_ context.Context, r *request) (any, error) {
	spec := r.choice("KeySpec", r.choice("CustomerMasterKeySpec", "SYMMETRIC_DEFAULT", keySpecs()...), keySpecs()...)
	usage := r.choice("KeyUsage", "ENCRYPT_DECRYPT",
		"SIGN_VERIFY", "ENCRYPT_DECRYPT", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT", "ENCAPSULATE_DECAPSULATE")
	origin := r.choice("Origin", "AWS_KMS", "AWS_KMS", "EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE")
	description := r.text("Description", 0, maxDescription)
	if err := r.err(); err != nil {
		return nil, err
	}
	kind, ok := kindOf(spec)
	switch {
	case !ok || origin != "EXTERNAL" && origin != "AWS_KMS" || r.flag("MultiRegion"):
		return nil, newFault("UnsupportedOperationException", "The rehearsal cloud has no such keys: only encryption and HMAC keys of one Region.")
	case usage != kind.usage && r.members["KeyUsage"] == nil:
		return nil, validation("You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.")
	case usage != kind.usage:
		return nil, validation("KeyUsage %s is not compatible with KeySpec %s", usage, spec)
	}
	k := &key{id: newUUID(), region: r.region, spec: spec, kind: kind, origin: origin, description: description, created: s.cfg.Now().UTC()}
	k.arn = "arn:aws:kms:" + k.region + ":" + account + ":key/" + k.id
	if origin == "AWS_KMS" {
		k.materials = []*material{ownMaterial(k)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.keys) >= maxKeys {
		return nil, newFault("LimitExceededException", "")
	}
	s.keys[k.id] = k
	return s.describe(k), nil
}

// ownMaterial is key material that this cloud made itself.
func ownMaterial(k *key) *material {
	value := make([]byte, k.kind.bytes)
	_, _ = rand.Read(value) // never fails since Go 1.24
	return &material{id: materialID(k.arn, value), value: value, state: materialCurrent, imported: true}
}
