package rehearsal

import (
	"context"
	"crypto/subtle"
	"time"
)

const (
	typeNew      = "NEW_KEY_MATERIAL"
	typeExisting = "EXISTING_KEY_MATERIAL"

	doesNotExpire = "KEY_MATERIAL_DOES_NOT_EXPIRE"
	expires       = "KEY_MATERIAL_EXPIRES"
)

// An importRequest is what ImportKeyMaterial was asked.
type importRequest struct {
	key      string
	blob     []byte
	token    []byte
	validTo  time.Time // zero: does not expire
	kind     string    // typeNew, typeExisting, "" where absent
	note     string
	hasNote  bool
	material string // id, "" where absent
}

type importAnswer struct {
	KeyID      string `json:"KeyId"`
	MaterialID string `json:"KeyMaterialId,omitempty"`
}

func (s *Server) importKeyMaterial(_ context.Context, r *request) (any, error) {
	q, err := s.readImport(r)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.find(q.key, r.region)
	if err != nil {
		return nil, err
	}
	if err := checkImport(k, q); err != nil {
		return nil, err
	}
	p, err := s.pairFor(q.token, k)
	if err != nil {
		return nil, err
	}
	value, err := p.unwrap(q.blob)
	if err != nil {
		return nil, err
	}
	if len(value) != k.kind.bytes {
		return nil, incorrectMaterial("Key material of %d bytes is not valid for a %s key.", len(value), k.spec)
	}
	m, err := k.accept(q, value)
	if err != nil {
		return nil, err
	}
	if k.state(s.cfg.Now()) != stateEnabled {
		k.settles = s.cfg.Now().Add(s.cfg.Lag)
	}
	m.imported, m.validTo, p.used = true, q.validTo, true
	if q.hasNote {
		m.note = q.note
	}
	answer := importAnswer{KeyID: k.arn}
	if k.symmetric() {
		answer.MaterialID = m.id
	}
	return answer, nil
}

func (s *Server) readImport(r *request) (importRequest, error) {
	q := importRequest{
		key:   r.keyID(),
		blob:  r.blob("EncryptedKeyMaterial", maxMaterial),
		token: r.blob("ImportToken", maxMaterial),
		kind:  r.choice("ImportType", " ", typeNew, typeExisting),
	}
	if q.kind == " " {
		q.kind = ""
	}
	q.note, q.hasNote = r.pattern("KeyMaterialDescription", 1, maxNote, notePattern, noteWords)
	q.material, _ = r.pattern("KeyMaterialId", 64, 64, idPattern, idWords)
	model := r.choice("ExpirationModel", expires, expires, doesNotExpire)
	validTo, dated := r.instant("ValidTo")
	if err := r.err(); err != nil {
		return q, err
	}
	q.validTo = validTo
	return q, s.checkExpiry(model, validTo, dated)
}

// checkExpiry: material expires unless it is said that it does not.
func (s *Server) checkExpiry(model string, validTo time.Time, dated bool) error {
	now := s.cfg.Now()
	switch {
	case model == doesNotExpire && dated:
		return validation("A validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE")
	case model == doesNotExpire:
		return nil
	case !dated:
		return validation("A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES")
	case !validTo.After(now):
		return validation("The validTo date must be in the future")
	case validTo.After(now.AddDate(0, 0, maxValidDays)):
		return validation("The validTo date must be at most %d days from now", maxValidDays)
	default:
		return nil
	}
}

// checkImport checks what a key admits, before the token is looked at.
func checkImport(k *key, q importRequest) error {
	switch {
	case k.origin != "EXTERNAL":
		return wrongOrigin(k)
	case !k.symmetric() && (q.kind != "" || q.hasNote || q.material != ""):
		return validation("ImportType, KeyMaterialDescription and KeyMaterialId are valid only for symmetric encryption keys")
	case q.kind == typeNew && q.material != "":
		return validation("KeyMaterialId cannot be specified when ImportType is NEW_KEY_MATERIAL")
	default:
		return nil
	}
}

// accept decides whether value may become k's material, and answers its entry.
// ImportType's default flips: new for the first import, existing afterwards.
func (k *key) accept(q importRequest, value []byte) (*material, error) {
	if !k.symmetric() {
		return k.acceptOnly(value)
	}
	kind := q.kind
	if kind == "" {
		kind = typeExisting
		if len(k.materials) == 0 && q.material == "" {
			kind = typeNew
		}
	}
	id := materialID(k.arn, value)
	if kind == typeNew {
		return k.acceptNew(id, value)
	}
	m := k.material(id)
	switch {
	case q.material != "" && q.material != id:
		return nil, incorrectMaterial("The key material does not match the specified key material ID.")
	case m == nil:
		return nil, incorrectMaterial("The key material is not associated with %s.", k.arn)
	}
	return m, nil
}

// acceptOnly is for HMAC keys, which have one material for ever.
func (k *key) acceptOnly(value []byte) (*material, error) {
	m := k.current()
	switch {
	case m == nil:
		m = &material{value: value, state: materialCurrent}
		k.materials = append(k.materials, m)
	case subtle.ConstantTimeCompare(m.value, value) != 1:
		return nil, incorrectMaterial("The key material is not the material that was imported before.")
	}
	return m, nil
}

func (k *key) acceptNew(id string, value []byte) (*material, error) {
	m := &material{id: id, value: value, state: materialCurrent}
	if len(k.materials) > 0 {
		m.state = materialPending
		if k.material(id) != nil {
			return nil, incorrectMaterial("The key material is already associated with %s.", k.arn)
		}
		for _, other := range k.materials {
			switch {
			case other.state == materialPending:
				return nil, newFault("KMSInvalidStateException",
					"%s has key material %s pending rotation; key material %s was not imported.", k.arn, other.id, id)
			case !other.imported:
				return nil, pendingImport(k)
			}
		}
	}
	k.materials = append(k.materials, m)
	return m, nil
}

// deleteImportedKeyMaterial takes effect at once.
func (s *Server) deleteImportedKeyMaterial(_ context.Context, r *request) (any, error) {
	name := r.keyID()
	id, given := r.pattern("KeyMaterialId", 64, 64, idPattern, idWords)
	if err := r.err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.find(name, r.region)
	switch {
	case err != nil:
		return nil, err
	case k.origin != "EXTERNAL":
		return nil, wrongOrigin(k)
	case given && !k.symmetric():
		return nil, validation("KeyMaterialId is valid only for symmetric encryption keys")
	}
	m := k.current()
	if given {
		if m = k.material(id); m == nil {
			return nil, incorrectMaterial("Key material %s is not associated with %s.", id, k.arn)
		}
	}
	answer := importAnswer{KeyID: k.arn}
	if m == nil { // nothing to delete is no error: the state stays
		return answer, nil
	}
	k.forget(m)
	if k.symmetric() {
		answer.MaterialID = m.id
	}
	return answer, nil
}

// forget deletes material. One that only waits for its rotation is not bound to
// the key yet and goes without a trace.
func (k *key) forget(m *material) {
	m.imported = false
	if m.state != materialPending {
		return
	}
	var kept []*material
	for _, other := range k.materials {
		if other != m {
			kept = append(kept, other)
		}
	}
	k.materials = kept
}

type rotation struct {
	Expiration  string `json:"ExpirationModel,omitempty"`
	ImportState string `json:"ImportState"`
	KeyID       string `json:"KeyId"`
	Description string `json:"KeyMaterialDescription,omitempty"`
	MaterialID  string `json:"KeyMaterialId"`
	State       string `json:"KeyMaterialState"`
	ValidTo     *epoch `json:"ValidTo,omitempty"`
}

type rotationsAnswer struct {
	Rotations []rotation `json:"Rotations"`
	Truncated bool       `json:"Truncated"`
}

// listKeyRotations lists imported material. Nothing is ever rotated here, so
// without IncludeKeyMaterial the list is empty.
func (s *Server) listKeyRotations(_ context.Context, r *request) (any, error) {
	name := r.keyID()
	include := r.choice("IncludeKeyMaterial", "ROTATIONS_ONLY", "ALL_KEY_MATERIAL", "ROTATIONS_ONLY")
	if err := r.err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.find(name, r.region)
	switch {
	case err != nil:
		return nil, err
	case !k.symmetric():
		return nil, newFault("UnsupportedOperationException", "%s is not a symmetric encryption key.", k.arn)
	}
	answer := rotationsAnswer{Rotations: []rotation{}}
	if include != "ALL_KEY_MATERIAL" {
		return answer, nil
	}
	for _, m := range k.materials {
		state := "PENDING_IMPORT"
		if m.usable(s.cfg.Now()) {
			state = "IMPORTED"
		}
		answer.Rotations = append(answer.Rotations, rotation{
			Expiration: m.expiration(), ImportState: state, KeyID: k.arn, Description: m.note,
			MaterialID: m.id, State: m.state, ValidTo: at(m.validTo),
		})
	}
	return answer, nil
}
