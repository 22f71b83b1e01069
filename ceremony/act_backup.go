package ceremony

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"keyrite.dev/keyrite/ceremony/canon"
	"keyrite.dev/keyrite/ceremony/keycheck"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/secret"
	"keyrite.dev/keyrite/ceremony/transcript"
)

// split has the worker back the target up and split the backup key. Blob and
// sealed shares are on disk before the result says so.
func (r *Run) split(ctx context.Context, s Step) error {
	made, _ := r.state.Result(KindGenerate)
	return r.accomplish(ctx, s, deed{
		statement: fmt.Sprintf("Back up the key %s and split the backup key: %d of %d.", made.Get("id"), r.plan.Shares.Threshold, r.plan.Shares.Count),
		params: []transcript.Value{
			value("target", made.Get("id")), value("label", made.Get("label")), value("spec", string(r.plan.Key.Spec)),
			value("threshold", strconv.Itoa(r.plan.Shares.Threshold)), value("count", strconv.Itoa(r.plan.Shares.Count)),
		},
		do: func(ctx context.Context, q Request) (Values, error) {
			res, err := withPIN(ctx, r, func(pin secret.Bytes) (SplitResult, error) {
				r.progress(ctx, "A separate process makes and splits the backup key")
				return r.cfg.Splitter.Split(ctx, r.job(q), pin)
			})
			if err != nil {
				return nil, err
			}
			return r.keepSplit(res)
		},
	})
}

func (r *Run) job(q Request) Job { return Job{Folder: r.cfg.Folder, Request: q.Seq} }

// withPIN asks for the PIN halves again: the worker logs in by itself, and
// nothing of the first login was kept.
func withPIN[T any](ctx context.Context, r *Run, f func(secret.Bytes) (T, error)) (T, error) {
	var none T
	info, err := r.cfg.Token.Info(ctx)
	if err != nil {
		return none, err
	}
	pin, err := r.pin(ctx, info)
	if err != nil {
		return none, err
	}
	defer pin.Destroy()
	return f(pin)
}

// keepSplit writes what the split made. A split whose files cannot be written
// is void: its shares are removed again, and a new split has a new id.
func (r *Run) keepSplit(res SplitResult) (Values, error) {
	if !res.Destroyed {
		return nil, fatal("the backup key could not be shown to be gone from the HSM")
	}
	files := map[string][]byte{BackupFile: res.BackupBlob}
	out := Values{
		value("splitId", res.SplitID), value("threshold", strconv.Itoa(r.plan.Shares.Threshold)), value("count", strconv.Itoa(r.plan.Shares.Count)),
		value("backup", sha256Hex(res.BackupBlob)), value("backupCheckValue", res.BackupKCV),
		value("subsets", strconv.Itoa(res.Subsets)), value("allSubsets", strconv.FormatBool(res.AllSubsets)),
		value("exposureMilliseconds", strconv.Itoa(res.ExposureMS)), value("noNetwork", strconv.FormatBool(res.NoNetwork)),
		value("secretDo", strconv.FormatBool(res.SecretDo)), value("backupKeyDestroyed", strconv.FormatBool(res.Destroyed)),
	}
	for _, sh := range res.Shares {
		files[ShareFile(sh.Custodian)] = sh.Sealed
		out = append(out, value("share/"+sh.Custodian, sha256Hex(sh.Sealed)), value("commitment/"+sh.Custodian, sh.Commitment))
	}
	return out, r.writeAll(files)
}

// handOver proves that one custodian's share opens and matches, and takes the
// envelope's number.
func (r *Run) handOver(ctx context.Context, s Step) error {
	m, ok := r.plan.Member(s.Member)
	if !ok {
		return fmt.Errorf("step %s names %q, who is not in the roster", s.Number, s.Member)
	}
	dealt, _ := r.state.Result(KindSplit)
	return r.accomplish(ctx, s, deed{
		statement: statement(s),
		params:    []transcript.Value{value("custodian", m.ID), value("splitId", dealt.Get("splitId")), value("commitment", dealt.Get("commitment/"+m.ID))},
		do: func(ctx context.Context, q Request) (Values, error) {
			if err := r.proveOpen(ctx, q, m); err != nil {
				return nil, err
			}
			number, err := r.twice(ctx, m, ValueEnvelope+"/"+m.ID, "Number of the envelope")
			return Values{value("custodian", m.ID), value("opens", "true"), value("envelope", number)}, err
		},
	})
}

func (r *Run) proveOpen(ctx context.Context, q Request, m plan.Member) error {
	ask := Question{
		Kind: AskSignature, Person: &m, Title: "Open your share", Detail: "Your share is opened and compared. Nothing of it is shown.",
		Params: paramsOf(q.Body.Params), Digest: q.Digest,
	}
	for {
		a, err := r.ask(ctx, ask)
		if err != nil {
			return err
		}
		if a.Refused {
			return refusedError{by: m.ID, reason: a.Reason}
		}
		r.progress(ctx, "A fresh process opens the share of "+m.Name)
		res, err := r.cfg.Splitter.ProveOpen(ctx, r.job(q), m.ID, a.Secret)
		a.Secret.Destroy()
		switch want := Values(q.Body.Params).Get("commitment"); {
		case IsPassphrase(err):
			ask.Fault = err.Error()
		case err != nil:
			return err
		case res.Commitment != want:
			return fatal("the share of %s is not the one that was dealt", m.Name)
		default:
			return nil
		}
	}
}

// twice takes a number that one person reads and the witness types, each blind
// to the other's entry, and compares them.
func (r *Run) twice(ctx context.Context, m plan.Member, name, title string) (string, error) {
	a, err := r.ask(ctx, Question{Kind: AskText, Person: &m, Title: title, Detail: "Type it, then read it aloud to the witness.", Value: name})
	if err != nil {
		return "", err
	}
	number := strings.TrimSpace(a.Text)
	if err := canon.CheckText(number); err != nil || number == "" {
		return "", fmt.Errorf("%q cannot be a number of an envelope or bag", number)
	}
	if used := r.usedNumber(number); used != "" {
		return "", fmt.Errorf("number %s is in use already, at %s", number, used)
	}
	w := r.plan.With(plan.Witness)[0]
	return number, r.typed(ctx, Question{
		Kind: AskText, Blind: true, Person: &w, Title: title + ", as heard", Value: name,
	}, number, compact)
}

// usedNumber finds an envelope or bag number earlier in the journal.
func (r *Run) usedNumber(number string) string {
	for _, q := range r.state.Requests {
		if q.Result == nil {
			continue
		}
		for _, name := range []string{"envelope", "bag"} {
			if got := Values(q.Result.Values).Get(name); got != "" && compact(got) == compact(number) {
				return "step " + q.Body.Step
			}
		}
	}
	return ""
}

// recover proves that k shares rebuild the key. Who opens is drawn by the
// program and stands in the request before anyone approves.
func (r *Run) recover(ctx context.Context, s Step) error {
	made, _ := r.state.Result(KindGenerate)
	dealt, _ := r.state.Result(KindSplit)
	drawn, err := draw(r.plan.With(plan.Custodian), r.plan.Shares.Threshold)
	if err != nil {
		return err
	}
	return r.accomplish(ctx, s, deed{
		statement: "Rebuild the key inside the HSM from the shares of " + names(drawn) + ".",
		params: []transcript.Value{
			value("holders", strings.Join(idsOf(drawn), ",")), value("backup", dealt.Get("backup")), value("splitId", dealt.Get("splitId")),
			value("target", made.Get("id")), value("label", made.Get("label")+" regained"), value("spec", string(r.plan.Key.Spec)),
			value("nonce", made.Get("nonce")), value("expected", made.Get("checkValue")),
		},
		do: r.rebuild,
	})
}

func (r *Run) rebuild(ctx context.Context, q Request) (Values, error) {
	p := Values(q.Body.Params)
	holders, err := r.holders(ctx, q, strings.Split(p.Get("holders"), ","))
	defer func() {
		for _, h := range holders {
			h.Passphrase.Destroy()
		}
	}()
	if err != nil {
		return nil, err
	}
	res, err := withPIN(ctx, r, func(pin secret.Bytes) (RecoverResult, error) {
		r.progress(ctx, "A separate process rebuilds the key inside the HSM")
		return r.cfg.Splitter.Recover(ctx, r.job(q), pin, holders)
	})
	if errors.Is(err, ErrOtherKey) {
		return nil, fatal("%v", err)
	}
	if err != nil {
		return nil, err
	}
	out := Values{
		value("id", string(res.Key)), value("label", res.Label), value("checkValue", hex.EncodeToString(res.CheckValue)),
		value("holders", p.Get("holders")), value("exposureMilliseconds", strconv.Itoa(res.ExposureMS)),
		value("landingDestroyed", strconv.FormatBool(res.Destroyed)),
	}
	if hex.EncodeToString(res.CheckValue) != p.Get("expected") {
		return out, fatal("the key rebuilt from the shares has check value %s, not %s: the backup does not hold the key",
			keycheck.Group(hex.EncodeToString(res.CheckValue)), keycheck.Group(p.Get("expected")))
	}
	if !res.Destroyed {
		return out, fatal("the rebuilt backup key could not be shown to be gone from the HSM")
	}
	if r.plan.Key.Spec.IsHMAC() { // no second blob is wrapped from it
		if err := r.cfg.Token.Destroy(ctx, res.Key); err != nil {
			return out, err
		}
		out = append(out, value("regainedDestroyed", "true"))
	}
	return out, nil
}

// holders asks each drawn custodian for the passphrase of the own credential.
func (r *Run) holders(ctx context.Context, q Request, ids []string) ([]Holder, error) {
	var out []Holder
	for _, id := range ids {
		m, ok := r.plan.Member(id)
		if !ok {
			return out, fmt.Errorf("the request names %q, who is not in the roster", id)
		}
		u, a, err := r.unlockKeeping(ctx, Question{
			Kind: AskSignature, Title: "Open your share for the recovery proof", Params: paramsOf(q.Body.Params), Digest: q.Digest,
		}, m)
		if err != nil {
			return out, err
		}
		if !u {
			return out, refusedError{by: id, reason: a.Reason}
		}
		out = append(out, Holder{ID: id, Passphrase: a.Secret})
	}
	return out, nil
}

// unlockKeeping is unlock for a passphrase that the worker needs: it is tried
// here first, so that a mistake is told to the person who made it.
func (r *Run) unlockKeeping(ctx context.Context, q Question, m plan.Member) (bool, Answer, error) {
	q.Person = &m
	for {
		a, err := r.ask(ctx, q)
		if err != nil || a.Refused {
			return false, a, err
		}
		u, err := r.cfg.Credentials.Unlock(ctx, m, a.Secret)
		if err == nil {
			u.Release()
			return true, a, nil
		}
		a.Secret.Destroy()
		q.Fault = err.Error()
	}
}

// draw picks k members without replacement, in roster order.
func draw(from []plan.Member, k int) ([]plan.Member, error) {
	pool := slices.Clone(from)
	for len(pool) > k {
		i, err := rand.Int(rand.Reader, big.NewInt(int64(len(pool))))
		if err != nil {
			return nil, fmt.Errorf("failed to draw: %w", err)
		}
		pool = slices.Delete(pool, int(i.Int64()), int(i.Int64())+1)
	}
	return pool, nil
}

func idsOf(members []plan.Member) []string {
	var out []string
	for _, m := range members {
		out = append(out, m.ID)
	}
	return out
}

func names(members []plan.Member) string {
	var out []string
	for _, m := range members {
		out = append(out, m.Name)
	}
	return strings.Join(out, ", ")
}
