package aws

import (
	"errors"
	"fmt"
	"time"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/transport"
)

// parameters is the payload of an import-parameters parcel.
type parameters struct {
	Destination plan.Destination `json:"destination"`
	Header      transport.Header `json:"header"`
	Sets        []parameterSet   `json:"sets"`
	Spec        plan.KeySpec     `json:"spec"`
}

// Head implements [transport.Payload].
func (p *parameters) Head() transport.Header { return p.Header }

// A parameterSet is one answer of GetParametersForImport with what was asked,
// which the answer does not repeat.
type parameterSet struct {
	Algorithm   string `json:"algorithm"`
	Fingerprint string `json:"fingerprint"` // SHA-256 of publicKey, hex
	Key         string `json:"key"`         // ARN
	KeySpec     string `json:"keySpec"`     // of the wrapping key
	PublicKey   []byte `json:"publicKey"`   // SubjectPublicKeyInfo
	Region      string `json:"region"`
	RequestID   string `json:"requestId"` // as CloudTrail has it
	Token       []byte `json:"token"`
	ValidTo     string `json:"validTo"`
}

func spellSet(s ceremony.ParameterSet) parameterSet {
	return parameterSet{
		Algorithm:   s.Algorithm,
		Fingerprint: s.Fingerprint,
		Key:         s.Key,
		KeySpec:     s.KeySpec,
		PublicKey:   s.SPKI,
		Region:      s.Region,
		RequestID:   s.RequestID,
		Token:       s.Token,
		ValidTo:     transport.FormatTime(s.ValidTo),
	}
}

// read checks a set on its own and against the destination it must be for.
func (s parameterSet) read(d plan.Destination) (ceremony.ParameterSet, error) {
	var none ceremony.ParameterSet
	validTo, err := transport.ParseTime(s.ValidTo)
	if err != nil {
		return none, err
	}
	if _, err := wrappingKey(s.PublicKey, s.KeySpec); err != nil {
		return none, err
	}
	switch {
	case transport.Digest(s.PublicKey) != s.Fingerprint:
		return none, errors.New("the fingerprint is not that of the wrapping key")
	case len(s.Token) == 0 || len(s.Token) > maxToken:
		return none, fmt.Errorf("import token of %d bytes, want 1 to %d", len(s.Token), maxToken)
	case s.Key != d.Key:
		return none, fmt.Errorf("for the key %.200q, want %.200q", s.Key, d.Key)
	case s.Region != d.Region:
		return none, fmt.Errorf("for Region %.40q, want %.40q", s.Region, d.Region)
	case len(s.RequestID) > 128:
		return none, errors.New("request id is longer than 128 bytes")
	}
	return ceremony.ParameterSet{
		Algorithm:   s.Algorithm,
		Fingerprint: s.Fingerprint,
		Key:         s.Key,
		KeySpec:     s.KeySpec,
		Region:      s.Region,
		RequestID:   s.RequestID,
		SPKI:        s.PublicKey,
		Token:       s.Token,
		ValidTo:     validTo,
	}, nil
}

// setsFor is how many parameter sets a key needs: for AES a second blob, wrapped
// from the key regained from the shares, proves that backup and cloud key are one.
func setsFor(spec plan.KeySpec) int {
	if spec.IsHMAC() {
		return 1
	}
	return 2
}

// OpenParameters reads an import-parameters parcel as [ceremony.Target] says.
// Whether a set has enough life left is the engine's question, at each use.
func (t Target) OpenParameters(parcel []byte, mode dsse.Mode, p plan.Plan) (ceremony.Parameters, error) {
	var none ceremony.Parameters
	var body parameters
	key, err := transport.Open(parcel, mode, transport.ImportParameters, string(plan.Fetcher), &body)
	if err != nil {
		return none, err
	}
	by, err := memberWith(p, plan.Fetcher, key)
	if err != nil {
		return none, fmt.Errorf("invalid import-parameters parcel: %w", err)
	}
	sets, err := t.readParameters(body, p)
	if err != nil {
		return none, fmt.Errorf("invalid import-parameters parcel: %w", err)
	}
	return ceremony.Parameters{Sets: sets, By: by, Digest: transport.Digest(parcel)}, nil
}

// memberWith is the id of the roster's member who has key and role.
func memberWith(p plan.Plan, role plan.Role, key dsse.PublicKey) (string, error) {
	for _, m := range p.With(role) {
		if string(m.Key) == string(key.DER()) {
			return m.ID, nil
		}
	}
	return "", fmt.Errorf("signed by key %.16s, which is not the %s of the plan", key.ID(), role)
}

func (t Target) readParameters(body parameters, p plan.Plan) ([]ceremony.ParameterSet, error) {
	switch {
	case body.Destination != p.Destination:
		return nil, fmt.Errorf("for the destination %.200q, the plan's is %.200q", body.Destination.Key, p.Destination.Key)
	case body.Spec != p.Key.Spec:
		return nil, fmt.Errorf("for a key %q, the plan's is %q", body.Spec, p.Key.Spec)
	case len(body.Sets) != setsFor(p.Key.Spec):
		return nil, fmt.Errorf("%d parameter sets, %s needs %d", len(body.Sets), p.Key.Spec, setsFor(p.Key.Spec))
	}
	if err := checkDestination(body.Destination); err != nil {
		return nil, err
	}
	return readSets(body, p.Wrapping)
}

// readSets reads the sets, which must be as the plan wraps and all different: one
// wrapping key twice would let one mistake, or one theft, stand for both.
func readSets(body parameters, want plan.Wrapping) ([]ceremony.ParameterSet, error) {
	var sets []ceremony.ParameterSet
	for i, s := range body.Sets {
		set, err := s.read(body.Destination)
		if err != nil {
			return nil, fmt.Errorf("parameter set %d: %w", i+1, err)
		}
		if set.Algorithm != want.Algorithm || set.KeySpec != want.KeySpec {
			return nil, fmt.Errorf("parameter set %d: for %q under %q, the plan wraps with %s under %s",
				i+1, set.Algorithm, set.KeySpec, want.Algorithm, want.KeySpec)
		}
		for _, other := range sets {
			if other.Fingerprint == set.Fingerprint || string(other.Token) == string(set.Token) {
				return nil, fmt.Errorf("parameter set %d repeats an earlier one; fetch again", i+1)
			}
		}
		sets = append(sets, set)
	}
	if first := earliest(sets); body.Header.Expires != transport.FormatTime(first) {
		return nil, errors.New("the parcel does not expire with its first parameter set")
	}
	return sets, nil
}

func earliest(sets []ceremony.ParameterSet) time.Time {
	var first time.Time
	for _, s := range sets {
		if first.IsZero() || s.ValidTo.Before(first) {
			first = s.ValidTo
		}
	}
	return first
}
