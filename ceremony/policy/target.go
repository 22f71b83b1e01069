// Package policy decides whether a plan may run.
package policy

import "keyrite.dev/keyrite/ceremony/plan"

// A Target knows, without a network, what one cloud's import accepts.
type Target interface {
	// CheckWrapping says why the cloud refuses this combination; nil: it takes it.
	CheckWrapping(spec plan.KeySpec, w plan.Wrapping) error
}
