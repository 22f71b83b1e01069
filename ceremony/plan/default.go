package plan

import (
	"bytes"
	_ "embed" // the default plan
	"encoding/json"
	"fmt"
)

//go:embed default.json
var defaultPlan []byte

// WhySHA1 says why rehearsals on SoftHSM2 take another plan.
const WhySHA1 = "SoftHSM2 does RSA-OAEP with SHA-1 only, so this plan wraps with RSAES_OAEP_SHA_1. " +
	"OAEP does not rest on the collision resistance that SHA-1 has lost, but a production plan should name SHA-256"

// Default is the built-in example: a key for AWS KMS in a 3 of 5 ceremony,
// wrapped with RSAES_OAEP_SHA_256 under RSA-4096. sha1 takes RSAES_OAEP_SHA_1
// instead (see [WhySHA1]). Its people are invented and its keys belong to
// nobody: they are hashes taken as points of the curves, so nobody can sign or
// open a share as one of them. A rehearsal puts throwaway credentials in their
// place; a real plan must bring its own.
func Default(spec KeySpec, sha1 bool) Plan {
	p, err := Parse(defaultPlan)
	if err != nil {
		panic("plan: the built-in plan is broken: " + err.Error()) // a test reads it
	}
	p.Key.Spec = spec
	if sha1 {
		p.Wrapping.Algorithm = "RSAES_OAEP_SHA_1"
		p.Title += " (SHA-1 variant)"
	}
	return p
}

// Pretty is p as people read and edit it: indented, in the order of the fields,
// with a line feed at its end. [Parse] reads it back.
func Pretty(p Plan) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(p.Clone()); err != nil {
		return nil, fmt.Errorf("failed to write the plan: %w", err)
	}
	return b.Bytes(), nil
}
