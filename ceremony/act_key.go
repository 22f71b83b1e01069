package ceremony

import (
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"keyrite.dev/keyrite/ceremony/keycheck"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/transcript"
)

// generate makes the target key in the HSM.
func (r *Run) generate(ctx context.Context, s Step) error {
	if _, made := r.state.Result(KindGenerate); made {
		return stopf("a key was already generated in this ceremony")
	}
	nonce, err := randomHex(32)
	if err != nil {
		return err
	}
	return r.accomplish(ctx, s, deed{
		statement: fmt.Sprintf("Generate the %s key %q in the HSM.", r.plan.Key.Spec, r.plan.Key.Label),
		params: []transcript.Value{
			value("label", r.plan.Key.Label), value("spec", string(r.plan.Key.Spec)), value("nonce", nonce),
		},
		do: func(ctx context.Context, q Request) (Values, error) {
			r.progress(ctx, "The HSM generates the key")
			p := Values(q.Body.Params)
			key, err := r.cfg.Token.Generate(ctx, plan.KeySpec(p.Get("spec")), p.Get("label"))
			if err != nil {
				return nil, err
			}
			out := Values{value("id", string(key.ID)), value("label", key.Label), value("mechanism", key.Mechanism)}
			out = append(out, attributeValues(key.Attributes)...)
			check, err := r.checkValues(ctx, key.ID, p)
			return append(out, check...), err
		},
	})
}

// checkValues are the key's check value and, for an HMAC key, the full tag over
// the request's nonce, which the cloud must answer with too.
func (r *Run) checkValues(ctx context.Context, id KeyID, p Values) (Values, error) {
	nonce, err := hex.DecodeString(p.Get("nonce"))
	if err != nil {
		return nil, fmt.Errorf("invalid nonce in the request: %w", err)
	}
	kcv, err := r.cfg.Token.CheckValue(ctx, id, nonce)
	if err != nil {
		return nil, err
	}
	out := Values{value("checkValue", hex.EncodeToString(kcv)), value("checkMethod", checkMethod(r.plan.Key.Spec)), value("nonce", p.Get("nonce"))}
	if !r.plan.Key.Spec.IsHMAC() {
		return out, nil
	}
	tag, err := r.cfg.Token.MAC(ctx, id, nonce)
	if err != nil {
		return nil, err
	}
	return append(out, value("tag", hex.EncodeToString(tag))), nil
}

// checkMethod names how the check value is made; it is printed beside it.
func checkMethod(spec plan.KeySpec) string {
	if spec.IsHMAC() {
		return "HMAC over the nonce, leftmost 5 bytes"
	}
	return "AES-CMAC over a zero block, leftmost 5 bytes (ANSI X9.24-1)"
}

func attributeValues(a Attributes) Values {
	var out Values
	for _, name := range slices.Sorted(maps.Keys(a)) {
		out = append(out, value(name, a[name]))
	}
	return out
}

// checkAttributes reads the target's attributes again and compares them with
// those that generation recorded.
func (r *Run) checkAttributes(ctx context.Context, _ Request) (Values, error) {
	made, _ := r.state.Result(KindGenerate)
	now, err := r.cfg.Token.Attributes(ctx, KeyID(made.Get("id")))
	if err != nil {
		return nil, err
	}
	out := attributeValues(now)
	for _, v := range out {
		if made.Get(v.Name) != v.Value {
			return out, fatal("%s reads %s now and read %s when the key was made", v.Name, v.Value, made.Get(v.Name))
		}
	}
	return out, r.confirmed(ctx, Question{Title: "Compare with the plan", Params: paramsOf(out)})
}

// compare has the check value read aloud by one custodian and typed blind by
// another, then the other way round.
func (r *Run) compare(ctx context.Context, s Step) error {
	made, _ := r.state.Result(KindGenerate)
	kcv := made.Get("checkValue")
	return r.accomplish(ctx, s, deed{
		statement: statement(s),
		params:    []transcript.Value{value("checkValue", kcv), value("checkMethod", made.Get("checkMethod"))},
		do: func(ctx context.Context, q Request) (Values, error) {
			want := Values(q.Body.Params).Get("checkValue")
			pair := r.plan.With(plan.Custodian)[:2]
			var out Values
			for i := range pair {
				reader, listener := pair[i], pair[1-i]
				if err := r.readAloud(ctx, reader, listener, want); err != nil {
					return nil, err
				}
				out = append(out, value("read/"+reader.ID, want), value("typed/"+listener.ID, want))
			}
			return out, nil
		},
	})
}

func (r *Run) readAloud(ctx context.Context, reader, listener plan.Member, kcv string) error {
	err := r.confirmed(ctx, Question{
		Person: &reader, Title: "Read the key check value aloud, twice",
		Detail: listener.Name + " does not look at the screen.",
		Show:   []Value{{Name: ValueCheck, Text: keycheck.Group(kcv), Words: keycheck.Spell(kcv)}},
	})
	if err != nil {
		return err
	}
	return r.typed(ctx, Question{
		Kind: AskText, Blind: true, Person: &listener, Title: "Key check value as heard",
		Detail: reader.Name + " does not look at the screen.", Value: ValueCheck,
	}, kcv, compact)
}
