package ceremony

import (
	"context"
	"slices"
	"strings"

	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/transcript"
)

// confirm is a step done by hand: the acting role says that it is done.
func (r *Run) confirm(ctx context.Context, s Step) error {
	return r.accomplish(ctx, s, deed{statement: statement(s), do: func(ctx context.Context, _ Request) (Values, error) {
		return nil, r.confirmed(ctx, Question{Title: s.Title})
	}})
}

// confirmed asks for "done" and takes a refusal as a failure of the step.
func (r *Run) confirmed(ctx context.Context, q Question) error {
	q.Kind = AskConfirm
	a, err := r.ask(ctx, q)
	if err != nil {
		return err
	}
	if a.Refused {
		return refusedError{by: string(r.step.Actor), reason: a.Reason}
	}
	return nil
}

// statement is a step's words as one sentence for the record.
func statement(s Step) string { return s.Title + ". " + strings.Join(s.Words, " ") }

// Custodians sign this at roll call: the acknowledgement of PCI DSS v4.0.1
// requirement 3.7.8.
const (
	acceptPlan   = "I am the person named, and I accept the plan."
	acceptDuties = "I am the person named, I accept the plan, and I understand and accept my duties as a key custodian."
)

func acceptance(role plan.Role) string {
	if role == plan.Custodian {
		return acceptDuties
	}
	return acceptPlan
}

// present are the people of the roster who are in the room.
func (r *Run) present() []plan.Member {
	return slices.DeleteFunc(slices.Clone(r.plan.Roster), func(m plan.Member) bool {
		return m.Role == plan.HSM || m.Role == plan.Fetcher || m.Role == plan.Importer
	})
}

// rollCall has each person sign in with the own credential.
func (r *Run) rollCall(ctx context.Context, s Step) error {
	return r.accomplish(ctx, s, deed{statement: statement(s), do: func(ctx context.Context, _ Request) (Values, error) {
		for _, m := range r.present() {
			if slices.Contains(r.state.Enrolled, m.ID) {
				continue // an earlier try of this step got so far
			}
			if err := r.enrol(ctx, m); err != nil {
				return nil, err
			}
		}
		return nil, nil
	}})
}

func (r *Run) enrol(ctx context.Context, m plan.Member) error {
	key, err := publicKeyOf(m)
	if err != nil {
		return err
	}
	words := acceptance(m.Role)
	u, a, err := r.unlock(ctx, Question{
		Kind: AskSignature, Title: m.Name + " signs in", Detail: words, Digest: r.cfg.Plan.Digest(),
		Params: []Param{
			{"name", m.Name},
			{"role", string(m.Role)},
			{"key fingerprint", key.ID()},
			{"plan", r.cfg.Plan.Digest()},
		},
	}, m)
	if err != nil {
		return err
	}
	if u == nil {
		return refusedError{by: m.ID, reason: a.Reason}
	}
	defer u.Release()
	_, err = r.append(ctx, transcript.KindEnrol, m.ID, u, transcript.Enrol{Plan: r.cfg.Plan.Digest(), Statement: words})
	return err
}
