package e2e_test

import (
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// Kinds of questions, as ceremony.QuestionKind numbers them: the trace is read as
// another program would.
const (
	askConfirm = iota + 1
	askApproval
	askSignature
	askSecret
	askText
	askStatement
)

var pictures = flag.String("pictures", "", "folder for a picture of every screen that is walked through")

// A room is the people: they know what the screen told them, and no more.
type room struct {
	w      *window
	last   int               // serial of the screen that was answered last
	heard  map[string]string // values by the name of their field
	asked  map[int]int       // how often each kind was asked
	wrong  bool              // whether a wrong passphrase was tried
	before func(e event) bool
}

// next is the next screen on which somebody must act, or the last one.
func (r *room) next() event {
	r.w.t.Helper()
	return r.w.await("the next screen", func(e event) bool {
		return e.Event == "final" || (e.Event == "question" || e.Event == "note") && e.Serial > r.last
	})
}

// walk answers until the end. before may take a screen for itself.
func (r *room) walk() event {
	r.w.t.Helper()
	r.heard, r.asked = map[string]string{}, map[int]int{}
	for {
		e := r.next()
		if e.Event == "final" {
			return e
		}
		r.last = e.Serial
		if *pictures != "" {
			r.w.picture(filepath.Join(*pictures, fmt.Sprintf("%03d-%s-%s.png", e.Serial, e.Event, e.Step)))
		}
		if r.before != nil && r.before(e) {
			continue
		}
		r.answer(e)
	}
}

func (r *room) answer(e event) {
	r.w.t.Helper()
	if e.Event == "note" {
		r.w.key("Return")
		return
	}
	if e.Fault != "" && !strings.Contains(e.Fault, "passphrase") {
		r.w.shot("fault")
		r.w.t.Fatalf("step %s, %s: %s", e.Step, e.Title, e.Fault)
	}
	r.asked[e.Kind]++
	for _, v := range e.Shown {
		r.heard["KEY CHECK VALUE"] = v
	}
	switch e.Kind {
	case askApproval:
		r.w.key("Return") // the first who may
		r.w.write(hintOf(e, e.Choice[0]+": "))
	case askSignature, askStatement:
		r.sign(hintOf(e, "the passphrase is "))
	case askSecret:
		r.w.write(hintOf(e, "this half of the PIN is "))
	case askText:
		r.w.write(r.value(e))
	default:
		r.w.key("Return")
	}
}

// sign types a wrong passphrase first, once in a ceremony.
func (r *room) sign(passphrase string) {
	if !r.wrong {
		r.wrong = true
		r.w.write("not this one")
		return
	}
	r.w.write(passphrase)
}

func (r *room) value(e event) string {
	if v := hintOf(e, "the paper says "); v != "" {
		return v
	}
	if strings.HasPrefix(e.Field, "TIME") {
		return time.Now().UTC().Format("15:04:05")
	}
	v, ok := r.heard[e.Field]
	if e.Field == "ENVELOPE OR BAG NUMBER" && (!ok || !strings.HasSuffix(e.Title, "as heard")) {
		v = "E-" + strings.ReplaceAll(e.Step, ".", "")
		r.heard[e.Field] = v
	}
	return v
}

func hintOf(e event, prefix string) string {
	for _, h := range e.Hint {
		if v, ok := strings.CutPrefix(h, prefix); ok {
			return v
		}
	}
	return ""
}
