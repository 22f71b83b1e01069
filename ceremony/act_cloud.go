package ceremony

import (
	"context"
	"fmt"
	"os"
	"time"

	"keyrite.dev/keyrite/ceremony/keycheck"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/transcript"
)

// parameters reads the import parameters from medium A: at pre-flight, and again
// before the wrap, when they must be the same file.
func (r *Run) parameters(ctx context.Context, s Step) error {
	return r.accomplish(ctx, s, deed{statement: statement(s), do: func(ctx context.Context, _ Request) (Values, error) {
		parcel, err := r.cfg.Parameters(ctx)
		if err != nil {
			return nil, err
		}
		params, err := r.cfg.Target.OpenParameters(parcel, r.cfg.Plan.Mode(), r.plan)
		if err != nil {
			return nil, err
		}
		out := parameterValues(params)
		first, again := r.state.Result(KindParameters)
		if again && first.Get("parcel") != params.Digest {
			return out, fatal("medium A holds another file than at pre-flight")
		}
		if err := r.timeLeft(params); err != nil {
			return out, err
		}
		if !again {
			if err := r.write(ParametersFile, parcel, 0o640); err != nil {
				return out, err
			}
		}
		r.params = params
		return out, r.confirmed(ctx, Question{Title: "Read the parameters", Params: paramsOf(out), Deadline: validTo(params)})
	}})
}

func parameterValues(p Parameters) Values {
	out := Values{value("parcel", p.Digest), value("fetchedBy", p.By)}
	for i, set := range p.Sets {
		n := fmt.Sprintf("/%d", i+1)
		out = append(out,
			value("key"+n, set.Key), value("region"+n, set.Region), value("algorithm"+n, set.Algorithm), value("keySpec"+n, set.KeySpec),
			value("fingerprint"+n, set.Fingerprint), value("validTo"+n, set.ValidTo.UTC().Format(time.RFC3339)), value("requestId"+n, set.RequestID))
	}
	return out
}

// validTo is when the first of the sets expires.
func validTo(p Parameters) time.Time {
	first := p.Sets[0].ValidTo
	for _, s := range p.Sets[1:] {
		if s.ValidTo.Before(first) {
			first = s.ValidTo
		}
	}
	return first
}

// timeLeft refuses parameters that would expire before the import.
func (r *Run) timeLeft(p Parameters) error {
	left := validTo(p).Sub(r.cfg.Clock.Now())
	switch {
	case left <= 0:
		return fmt.Errorf("the import parameters expired %s ago; nothing is wrong with the key: have the operator fetch new ones and insert that medium", -left.Round(time.Minute))
	case left < r.plan.Life():
		return fmt.Errorf("the import parameters live %s more, and the plan wants %s; have the operator fetch new ones", left.Round(time.Minute), r.plan.Life())
	default:
		return nil
	}
}

// fingerprint compares each wrapping key with the value that came by the second
// channel. The officer types it from paper; the screen does not show it.
func (r *Run) fingerprint(ctx context.Context, s Step) error {
	var params []transcript.Value
	for i, set := range r.params.Sets {
		params = append(params, value(fmt.Sprintf("fingerprint/%d", i+1), set.Fingerprint))
	}
	return r.accomplish(ctx, s, deed{statement: statement(s), params: params, do: func(ctx context.Context, q Request) (Values, error) {
		officer := r.plan.With(plan.Officer)[0]
		var out Values
		for _, p := range q.Body.Params {
			err := r.typed(ctx, Question{
				Kind: AskText, Blind: true, Person: &officer, Title: "Fingerprint of the wrapping key, from the second channel",
				Detail: "Type the 64 hexadecimal characters from the paper; spaces do not matter.", Value: p.Name,
			}, p.Value, compact)
			if err != nil {
				return nil, err
			}
			out = append(out, value("typed/"+p.Name, p.Value))
		}
		return out, nil
	}})
}

// wrappedBlobs are the blobs of this run, until they are packaged.
type wrappedBlobs []Blob

// wrap wraps the target, and for AES the key regained from the shares, each for
// its own parameter set. The regained key ends here.
func (r *Run) wrap(ctx context.Context, s Step) error {
	if err := r.timeLeft(r.params); err != nil {
		return stopError{err.Error()}
	}
	made, _ := r.state.Result(KindGenerate)
	regained, _ := r.state.Result(KindRecover)
	params := []transcript.Value{value("target", made.Get("id"))}
	if !r.plan.Key.Spec.IsHMAC() {
		params = append(params, value("regained", regained.Get("id")))
	}
	params = append(params, parameterValues(r.params)...)
	return r.accomplish(ctx, s, deed{
		statement: fmt.Sprintf("Wrap the key for %s in %s.", r.plan.Destination.Key, r.plan.Destination.Region),
		params:    params,
		do:        r.wrapBlobs,
	})
}

func (r *Run) wrapBlobs(ctx context.Context, q Request) (Values, error) {
	p := Values(q.Body.Params)
	jobs := []struct {
		use BlobUse
		id  KeyID
	}{{UseNew, KeyID(p.Get("target"))}, {UseExisting, KeyID(p.Get("regained"))}}
	var out Values
	var blobs wrappedBlobs
	for i, set := range r.params.Sets {
		if want := p.Get(fmt.Sprintf("fingerprint/%d", i+1)); set.Fingerprint != want {
			return out, fatal("the wrapping key changed after it was approved")
		}
		r.progress(ctx, "The HSM wraps the key ("+string(jobs[i].use)+")")
		w, err := r.cfg.Token.Wrap(ctx, jobs[i].id, set.WrappingKey())
		if err != nil {
			return out, err
		}
		if err := r.cfg.Target.CheckBlob(w.Blob, set); err != nil {
			return out, err
		}
		blobs = append(blobs, Blob{Use: jobs[i].use, Set: set, Key: w.Blob})
		out = append(out, value("blob/"+string(jobs[i].use), sha256Hex(w.Blob)), value("mechanism/"+string(jobs[i].use), w.Mechanism))
	}
	if id := KeyID(p.Get("regained")); id != "" {
		if err := r.cfg.Token.Destroy(ctx, id); err != nil {
			return out, err
		}
		out = append(out, value("regainedDestroyed", "true"))
	}
	r.receipts = blobs
	return out, nil
}

// export writes the blobs to medium B and takes the bag's number.
func (r *Run) export(ctx context.Context, s Step) error {
	wrapped, _ := r.state.Result(KindWrap)
	var params []transcript.Value
	for _, b := range r.receipts {
		params = append(params, value(blobFile(b.Use), wrapped.Get("blob/"+string(b.Use))))
	}
	return r.accomplish(ctx, s, deed{
		statement: "Write the wrapped key to medium B.", params: params,
		do: func(ctx context.Context, q Request) (Values, error) {
			var out Values
			for _, b := range r.receipts {
				name := blobFile(b.Use)
				want := Values(q.Body.Params).Get(name)
				if sha256Hex(b.Key) != want {
					return out, fatal("%s is not what was approved", name)
				}
				if err := r.writeOnce(name, b.Key); err != nil {
					return out, err
				}
				out = append(out, value(name, want))
			}
			err := r.confirmed(ctx, Question{Title: "Read the digests of the wrapped key", Show: digestValues(out)})
			if err != nil {
				return out, err
			}
			bag, err := r.twice(ctx, r.plan.With(plan.Administrator)[0], ValueEnvelope+"/bag", "Number of the bag for medium B")
			return append(out, value("bag", bag)), err
		},
	})
}

func blobFile(use BlobUse) string {
	if use == UseNew {
		return NewBlobFile
	}
	return ProofBlobFile
}

func digestValues(values Values) []Value {
	var out []Value
	for _, v := range values {
		out = append(out, Value{Name: v.Name, Text: keycheck.Group(v.Value), Words: wordsOf(v.Value)})
	}
	return out
}

// writeOnce writes a file, or finds it there with the same bytes from an earlier
// try of the step.
func (r *Run) writeOnce(name string, data []byte) error {
	if have, err := os.ReadFile(r.path(name)); err == nil && sha256Hex(have) == sha256Hex(data) {
		return nil
	}
	return r.write(name, data, 0o640)
}

// writeAll writes several files or none: what was written is removed again when
// a later one fails.
func (r *Run) writeAll(files map[string][]byte) error {
	var written []string
	for name, data := range files {
		if err := r.write(name, data, 0o640); err != nil {
			for _, w := range written {
				_ = os.Remove(r.path(w)) // the split is void; its shares must not stay
			}
			return err
		}
		written = append(written, name)
	}
	return nil
}
