package dsse

import "fmt"

// A Mode tells a rehearsal from the real thing. It is part of every payload
// type, so a signature made in one mode is worthless in the other.
type Mode int

// Modes. The zero Mode is neither.
const (
	Production Mode = iota + 1
	Rehearsal
)

func (m Mode) String() string {
	switch m {
	case Production:
		return "production"
	case Rehearsal:
		return "rehearsal"
	default:
		return fmt.Sprintf("Mode(%d)", int(m))
	}
}

// Type is the payload type of our own document kinds ("event", "plan",
// "import-parameters", …) in mode m.
func (m Mode) Type(kind string) string {
	if m == Production {
		return "application/vnd.keyrite." + kind + ".v1+json"
	}
	return "application/vnd.keyrite.rehearsal." + kind + ".v1+json"
}

// SealType is the payload type of a seal: in production the one that in-toto
// tools know.
func (m Mode) SealType() string {
	if m == Production {
		return "application/vnd.in-toto+json"
	}
	return "application/vnd.keyrite.rehearsal.in-toto+json"
}
