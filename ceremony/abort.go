package ceremony

import (
	"context"
	"errors"
	"fmt"

	"keyrite.dev/keyrite/ceremony/transcript"
)

// stop ends a run that did not complete. Whatever people or checks decided is
// sealed as ABORTED; a run that was told to end leaves the journal as it is.
func (r *Run) stop(ctx context.Context, cause error) error {
	if errors.Is(cause, ErrAbandoned) || ctx.Err() != nil {
		return errors.Join(ErrAbandoned, cause)
	}
	if err := r.abort(ctx, cause); err != nil {
		return errors.Join(ErrAbandoned, cause, err)
	}
	r.done(ctx, transcript.Aborted, cause.Error())
	return fmt.Errorf("%w: %w", ErrAborted, cause)
}

// abort is the script nobody wants: say why, end the key if there is one, close
// and seal.
func (r *Run) abort(ctx context.Context, cause error) error {
	err := r.record(ctx, transcript.KindAbort, transcript.Abort{Reason: oneLine(cause), Step: r.step.Number})
	if err != nil {
		return err
	}
	if err := r.abortKeys(ctx); err != nil {
		return err
	}
	_, err = r.seal(ctx, transcript.Aborted)
	if err == nil && r.loggedIn {
		_ = r.cfg.Token.Logout(ctx) // the token may be what failed
	}
	return err
}

// abortKeys destroys what the ceremony made, under two approvals. Where that
// does not succeed, the record says which key is left.
func (r *Run) abortKeys(ctx context.Context) error {
	for _, kind := range []StepKind{KindRecover, KindGenerate} {
		id := r.state.Value(kind, "id")
		if id == "" || r.state.ended(id) {
			continue
		}
		s := Step{Number: r.step.Number, Kind: KindDestroy, Title: "Destroy the key of the aborted ceremony", Approvals: 2, Irreversible: true}
		err := r.once(ctx, s, deed{
			statement: "The ceremony is aborted. Destroy the key " + id + " in the HSM.",
			params:    []transcript.Value{value("target", id), value("afterwards", "destroy")},
			do: func(ctx context.Context, q Request) (Values, error) {
				err := r.cfg.Token.Destroy(ctx, KeyID(Values(q.Body.Params).Get("target")))
				return Values{value("destroyed", fmt.Sprint(err == nil))}, err
			},
		})
		if errors.Is(err, ErrAbandoned) || ctx.Err() != nil {
			return err
		}
		if err != nil {
			if err := r.note(ctx, 2, "the key of an aborted ceremony is destroyed", "key "+id+" is still in the HSM: "+oneLine(err), "destroy it by hand and record it"); err != nil {
				return err
			}
		}
	}
	return nil
}
