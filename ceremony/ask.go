package ceremony

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/transcript"
)

// A stopError ends the ceremony in an abort.
type stopError struct{ reason string }

func (e stopError) Error() string { return e.reason }

func stopf(format string, args ...any) error { return stopError{fmt.Sprintf(format, args...)} }

// ask puts one question and turns "abort" into a stop.
func (r *Run) ask(ctx context.Context, q Question) (Answer, error) {
	q.Step = r.step
	a, err := r.cfg.Prompter.Ask(ctx, q)
	if err != nil {
		return Answer{}, fmt.Errorf("%w: %w", ErrAbandoned, err)
	}
	if a.Abort {
		a.Secret.Destroy()
		return Answer{}, stopf("stopped by the people in the room: %s", orNone(a.Reason))
	}
	return a, nil
}

func orNone(reason string) string {
	if reason = strings.TrimSpace(reason); reason != "" {
		return reason
	}
	return "no reason given"
}

// unlock asks for the passphrase of member m until it opens the credential, the
// person refuses, or the room aborts. The caller releases what it gets; nil
// means that the person refused, with the reason in the answer.
func (r *Run) unlock(ctx context.Context, q Question, m plan.Member) (Unlocked, Answer, error) {
	q.Person = &m
	for {
		a, err := r.ask(ctx, q)
		if err != nil {
			return nil, a, err
		}
		if a.Refused && q.Kind != AskStatement {
			a.Secret.Destroy()
			return nil, a, nil
		}
		u, err := r.cfg.Credentials.Unlock(ctx, m, a.Secret)
		a.Secret.Destroy()
		if err == nil {
			return u, a, nil
		}
		q.Fault = err.Error()
	}
}

// approvals collects want approvals of the request from different custodians.
// Every answer is a line of the journal, a refusal too, which ends the asking.
func (r *Run) approvals(ctx context.Context, q *Request, want int) error {
	ask := Question{
		Kind: AskApproval, Title: q.Body.Statement, Params: paramsOf(q.Body.Params), Digest: q.Digest,
	}
	for len(q.Approved) < want {
		ask.Candidates = r.candidates(q)
		a, err := r.ask(ctx, ask)
		if err != nil {
			return err
		}
		fault, err := r.answerRequest(ctx, q, a)
		if err != nil {
			return err
		}
		ask.Fault = fault
		if len(q.Refused) > 0 {
			return refusedError{by: q.Refused[0], reason: a.Reason}
		}
	}
	return nil
}

// answerRequest records one person's answer; fault says why it did not count.
func (r *Run) answerRequest(ctx context.Context, q *Request, a Answer) (fault string, err error) {
	defer a.Secret.Destroy()
	m, ok := r.plan.Member(a.Person)
	switch {
	case !ok || m.Role != plan.Custodian:
		return "only custodians approve; choose one from the list", nil
	case slices.Contains(q.Approved, m.ID):
		return m.Name + " has approved already; the other approval must come from another custodian", nil
	case !slices.Contains(r.state.Enrolled, m.ID):
		return m.Name + " did not sign in at roll call", nil
	}
	u, err := r.cfg.Credentials.Unlock(ctx, m, a.Secret)
	if err != nil {
		return err.Error(), nil //nolint:nilerr // shown to the person, who types again
	}
	defer u.Release()
	if a.Refused {
		_, err = r.append(ctx, transcript.KindRefuse, m.ID, u, transcript.Refuse{Of: q.Seq, Reason: orNone(a.Reason), Request: q.Digest})
		return "", err
	}
	_, err = r.append(ctx, transcript.KindApprove, m.ID, u, transcript.Approve{Of: q.Seq, Request: q.Digest})
	return "", err
}

func (r *Run) candidates(q *Request) []plan.Member {
	return slices.DeleteFunc(r.plan.With(plan.Custodian), func(m plan.Member) bool {
		return slices.Contains(q.Approved, m.ID) || !slices.Contains(r.state.Enrolled, m.ID)
	})
}

// A refusedError is a custodian's no.
type refusedError struct{ by, reason string }

func (e refusedError) Error() string { return fmt.Sprintf("%s refuses: %s", e.by, orNone(e.reason)) }

func paramsOf(values []transcript.Value) []Param {
	out := make([]Param, len(values))
	for i, v := range values {
		out[i] = Param(v)
	}
	return out
}

// typed asks for a value until it equals want under norm, at most three times.
// Each miss is a deviation in the record; the last one stops the ceremony.
func (r *Run) typed(ctx context.Context, q Question, want string, norm func(string) string) error {
	const tries = 3
	for i := range tries {
		a, err := r.ask(ctx, q)
		if err != nil {
			return err
		}
		if a.Refused {
			return refusedError{by: askedOf(q), reason: a.Reason}
		}
		if norm(a.Text) == norm(want) {
			return nil
		}
		decided := "typed again"
		if i == tries-1 {
			decided = "stop"
		}
		if err := r.note(ctx, 1, q.Title+": the value as computed", "another value was typed", decided); err != nil {
			return err
		}
		q.Fault = "This is not the value that the program has. Read and type it again."
	}
	return stopf("%s: %d wrong entries; the values may really differ", q.Title, tries)
}

func askedOf(q Question) string {
	if q.Person != nil {
		return q.Person.ID
	}
	return string(q.Step.Actor)
}

var errFatal = errors.New("fatal")

// fatal marks a check that has no second try: the ceremony stops.
func fatal(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errFatal, fmt.Sprintf(format, args...))
}
