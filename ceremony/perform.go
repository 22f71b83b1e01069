package ceremony

import (
	"context"
	"errors"
	"strings"

	"keyrite.dev/keyrite/ceremony/transcript"
)

// A deed is one thing done at a step: what is asked for, and how it is done from
// the parameters that stand in the journal.
type deed struct {
	statement string             // the words on the screen; they are signed
	params    []transcript.Value // exactly what is executed
	do        func(ctx context.Context, q Request) (Values, error)
}

// accomplish writes the request, collects the approvals that the step demands,
// does the deed and writes the result. After a failure or a refusal the room
// decides: the whole again, with fresh approvals, or an abort.
func (r *Run) accomplish(ctx context.Context, s Step, d deed) error {
	for {
		err := r.once(ctx, s, d)
		var stop stopError
		switch {
		case err == nil:
			return nil
		case errors.As(err, &stop), errors.Is(err, ErrAbandoned), ctx.Err() != nil:
			return err
		case errors.Is(err, errFatal):
			return stopError{strings.TrimPrefix(err.Error(), errFatal.Error()+": ")}
		}
		if err := r.again(ctx, s, err); err != nil {
			return err
		}
	}
}

func (r *Run) once(ctx context.Context, s Step, d deed) error {
	line, err := r.append(ctx, transcript.KindRequest, recorderID, r.recorder, transcript.Request{
		Action: string(s.Kind), Params: d.params, Statement: d.statement, Step: s.Number,
	})
	if err != nil {
		return err
	}
	q := r.state.Requests[line.Seq]
	var values Values
	if err = r.approvals(ctx, q, s.Approvals); err == nil {
		values, err = d.do(ctx, *q)
	}
	return errors.Join(err, r.result(ctx, q, values, err))
}

// result writes how a request ended. A run that was told to end leaves the
// request open: on restart that reads "it may have been done; look".
func (r *Run) result(ctx context.Context, q *Request, values Values, err error) error {
	if errors.Is(err, ErrAbandoned) || ctx.Err() != nil {
		return nil //nolint:nilerr // the cause is told by whoever ended the run
	}
	outcome := transcript.Done
	if err != nil {
		outcome = transcript.Failed
		values = append(values, value("error", oneLine(err)))
	}
	return r.record(ctx, transcript.KindResult, transcript.Result{Of: q.Seq, Outcome: outcome, Values: values})
}

// again lets the room choose between another try and an abort.
func (r *Run) again(ctx context.Context, s Step, cause error) error {
	a, err := r.ask(ctx, Question{
		Kind: AskConfirm, Title: "This step did not succeed", Fault: cause.Error(),
		Detail: "Done repeats the step from its beginning" + freshApprovals(s) + ". Refuse stops the ceremony, which is then sealed as aborted.",
	})
	if err != nil {
		return err
	}
	if a.Refused {
		return stopf("step %s: %s", s.Number, oneLine(cause))
	}
	return nil
}

func freshApprovals(s Step) string {
	if s.Approvals > 0 {
		return ", with fresh approvals"
	}
	return ""
}

// oneLine keeps joined errors readable and the journal free of control
// characters.
func oneLine(err error) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return ' '
		}
		return c
	}, err.Error())
}
