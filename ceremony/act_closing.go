package ceremony

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/transcript"
)

// destroy ends the target in the HSM as the plan says: non-extractable for good,
// or destroyed. Both are read back.
func (r *Run) destroy(ctx context.Context, s Step) error {
	made, _ := r.state.Result(KindGenerate)
	words := "Make the key in the HSM non-extractable."
	if r.plan.Afterwards == plan.Destroy {
		words = "Destroy the key in the HSM."
	}
	return r.accomplish(ctx, s, deed{
		statement: words,
		params:    []transcript.Value{value("target", made.Get("id")), value("afterwards", string(r.plan.Afterwards))},
		do: func(ctx context.Context, q Request) (Values, error) {
			p := Values(q.Body.Params)
			id := KeyID(p.Get("target"))
			if plan.Afterwards(p.Get("afterwards")) == plan.Destroy {
				if err := r.cfg.Token.Destroy(ctx, id); err != nil {
					return nil, err
				}
				return Values{value("destroyed", "true")}, nil
			}
			if err := r.cfg.Token.Seal(ctx, id); err != nil {
				return nil, err
			}
			return Values{value("CKA_EXTRACTABLE", "false")}, nil
		},
	})
}

// close takes everyone's statement, seals, and packs the wrapped key for the
// importer.
func (r *Run) close(ctx context.Context, s Step) error {
	err := r.accomplish(ctx, s, deed{statement: statement(s), do: func(ctx context.Context, _ Request) (Values, error) {
		for _, m := range r.present() {
			if slices.Contains(r.state.Statement, m.ID) {
				continue
			}
			if err := r.statementOf(ctx, m); err != nil {
				return nil, err
			}
		}
		return nil, nil
	}})
	if err != nil {
		return err
	}
	seal, err := r.seal(ctx, transcript.Completed)
	if err != nil {
		return err
	}
	if err := r.pack(ctx, seal); err != nil {
		return err
	}
	return r.cfg.Token.Logout(ctx)
}

// statementOf asks one person for the closing statement.
func (r *Run) statementOf(ctx context.Context, m plan.Member) error {
	_, head := r.journal.Head()
	u, a, err := r.unlock(ctx, Question{
		Kind: AskStatement, Title: "Statement of " + m.Name, Digest: head,
		Detail: "I was present throughout, announced breaks aside. The script was followed except as noted.",
		Params: []Param{{"journal so far", head}},
	}, m)
	if err != nil {
		return err
	}
	defer u.Release()
	body := transcript.Statement{Agree: !a.Refused, Head: head}
	if a.Refused {
		body.Reason = orNone(a.Reason)
	}
	_, err = r.append(ctx, transcript.KindStatement, m.ID, u, body)
	return err
}

// seal closes the journal and has it signed: the recorder, the HSM if it can,
// witness and custodians. The order is: close line, digests, signatures, file.
func (r *Run) seal(ctx context.Context, outcome string) ([]byte, error) {
	err := r.record(ctx, transcript.KindClose, transcript.Close{Events: r.state.Events + 1, Outcome: outcome})
	if err != nil {
		return nil, err
	}
	subjects, err := r.subjects()
	if err != nil {
		return nil, err
	}
	mode := r.cfg.Plan.Mode()
	payload, err := transcript.SealStatement(mode, r.id, r.state.Events, outcome, subjects)
	if err != nil {
		return nil, err
	}
	env, err := dsse.Sign(ctx, mode.SealType(), payload, r.recorder)
	if err != nil {
		return nil, err
	}
	if err := r.hsmSeals(ctx, &env, outcome); err != nil {
		return nil, err
	}
	if err := r.peopleSeal(ctx, &env, outcome); err != nil {
		return nil, err
	}
	file, err := env.Encode()
	if err != nil {
		return nil, err
	}
	file = append(file, '\n')
	return file, r.write(SealFile, file, 0o640)
}

// hsmSeals adds the HSM's signature; an aborted ceremony may have lost its HSM.
func (r *Run) hsmSeals(ctx context.Context, env *dsse.Envelope, outcome string) error {
	if !r.loggedIn {
		return nil
	}
	key, err := publicKeyOf(r.plan.With(plan.HSM)[0])
	if err != nil {
		return err
	}
	err = env.Add(ctx, hsmSigner{token: r.cfg.Token, public: key})
	if err != nil && outcome != transcript.Completed {
		r.progress(ctx, "The HSM could not sign: "+oneLine(err))
		return nil
	}
	return err
}

// peopleSeal collects the witness and two custodians, in roster order. An aborted
// ceremony may have lost people, or not have begun with them: any two of those in
// the room will do, and each may decline.
func (r *Run) peopleSeal(ctx context.Context, env *dsse.Envelope, outcome string) error {
	signed := map[plan.Role]int{}
	for _, m := range r.sealers(outcome) {
		if m.Role == plan.Custodian && signed[plan.Custodian] == 2 {
			continue
		}
		ok, err := r.personSeals(ctx, env, m, outcome)
		var stop stopError
		switch {
		case errors.As(err, &stop) && outcome == transcript.Aborted:
			continue
		case err != nil:
			return err
		case ok:
			signed[m.Role]++
		case m.Role == plan.Witness && outcome == transcript.Completed:
			return fmt.Errorf("%w: the witness does not sign the seal", ErrAbandoned)
		}
	}
	if outcome == transcript.Completed && signed[plan.Custodian] < 2 {
		return fmt.Errorf("%w: two custodians must sign the seal, and %d did", ErrAbandoned, signed[plan.Custodian])
	}
	return nil
}

// sealers are who is asked to sign the seal: witness and custodians, and after an
// abort, also those of them who never came to sign in.
func (r *Run) sealers(outcome string) []plan.Member {
	first := slices.Concat(r.plan.With(plan.Witness), r.plan.With(plan.Custodian))
	enrolled := slices.DeleteFunc(slices.Clone(first), func(m plan.Member) bool { return !slices.Contains(r.state.Enrolled, m.ID) })
	if outcome == transcript.Completed || len(enrolled) >= 3 {
		return enrolled
	}
	return first
}

// personSeals asks one person for a signature; false means that the person
// declines.
func (r *Run) personSeals(ctx context.Context, env *dsse.Envelope, m plan.Member, outcome string) (bool, error) {
	u, _, err := r.unlock(ctx, Question{
		Kind: AskSignature, Title: m.Name + " signs the seal", Digest: sha256Hex(dsse.PAE(env.PayloadType, env.Payload)),
		Params: []Param{{"outcome", outcome}, {"events", fmt.Sprint(r.state.Events)}, {"journal", r.head()}},
	}, m)
	if err != nil || u == nil {
		return false, err
	}
	defer u.Release()
	return true, env.Add(ctx, u)
}

func (r *Run) head() string {
	_, head := r.journal.Head()
	return head
}

// subjects are the digests of everything in the folder that the seal covers.
func (r *Run) subjects() ([]transcript.Subject, error) {
	var out []transcript.Subject
	err := fs.WalkDir(os.DirFS(r.cfg.Folder), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(r.path(name))
		if err != nil {
			return err
		}
		out = append(out, transcript.NewSubject(name, sha256Hex(data)))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("failed to read the ceremony folder: %w", err)
	}
	return out, nil
}

// pack makes the wrapped-key parcel, the recorder's last signature.
func (r *Run) pack(ctx context.Context, seal []byte) error {
	parcel, err := r.cfg.Target.Package(ctx, Export{
		Mode: r.cfg.Plan.Mode(), Ceremony: r.id, Spec: r.plan.Key.Spec, Blobs: r.receipts, Nonce: r.hmacNonce(),
		Plan: r.cfg.Plan.Envelope(), Seal: seal, Recorder: r.recorder.public.DER(), Expires: validTo(r.params),
	}, r.recorder)
	if err != nil {
		return err
	}
	return r.write(WrappedFile, parcel, 0o640)
}
