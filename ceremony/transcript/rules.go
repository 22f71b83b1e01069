package transcript

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
)

// minApprovals is how many custodians approve a step, and sign a seal, at least.
const minApprovals = 2

// actionDestroy is the one action that may be asked for after an abort.
const actionDestroy = "destroy"

// freeActions lists the actions that touch no key material. Every other action,
// known or not, needs its approvals.
func freeActions() []string {
	return []string{"confirm", "roll-call", "check", "login", "compare", "inventory", "parameters", "fingerprint", "hand-over", "close"}
}

func noApprovals(action string) bool { return slices.Contains(freeActions(), action) }

// mandatory lists the actions that a completed key import has done.
func mandatory() []string {
	return []string{"generate", "split", "recover", "wrap", "export", actionDestroy}
}

// rules are what the events so far mean.
type rules struct {
	approvals int
	plan      string // digest
	roster    roster
	recorder  dsse.PublicKey // the present one
	recorders dsse.Keys      // all
	enrolled  map[string]bool
	questions map[int]*question // requests and resumes, by seq
	resume    int               // seq of the resume that waits for approvals, 0 if none
	aborted   bool
	outcome   string // of close, "" before
}

// A question is a request or a resume, and what people said to it.
type question struct {
	Request
	digest   string
	approved []string // roster ids
	refused  bool
	result   string
}

func newRules() rules {
	return rules{recorders: dsse.Keys{}, enrolled: map[string]bool{}, questions: map[int]*question{}}
}

// author answers the key that must have signed an event by a member or the
// recorder. The first recorder and a new one come with their own event.
func (r *rules) author(by string, body any) (dsse.PublicKey, error) {
	var der []byte
	switch b := body.(type) {
	case Open:
		der = b.Recorder
	case Resume:
		der = b.Recorder
	default:
		if by == Recorder {
			return r.recorder, nil
		}
		m, ok := r.roster[by]
		if !ok {
			return dsse.PublicKey{}, fmt.Errorf("%q is not in the roster", by)
		}
		return m.key, nil
	}
	if by != Recorder {
		return dsse.PublicKey{}, errors.New("not by the recorder")
	}
	return dsse.ParsePublicKey(der)
}

// apply takes an event whose signature is verified.
func (r *rules) apply(e Event) error {
	if err := r.timely(e); err != nil {
		return err
	}
	if err := r.entitled(e); err != nil {
		return err
	}
	switch b := e.Body.(type) {
	case Open:
		return r.open(b)
	case Enrol:
		return r.enrol(e.By, b)
	case Request:
		return r.request(e, b)
	case Approve:
		return r.approve(e.By, b)
	case Refuse:
		return r.refuse(b)
	case Result:
		return r.result(b)
	case Resume:
		return r.resumed(e, b)
	case Close:
		return r.close(e.Seq, b)
	case Note, Statement:
		return said(e)
	case Abort:
		r.aborted = true
	}
	return nil
}

// said checks what is only words.
func said(e Event) error {
	switch b := e.Body.(type) {
	case Note:
		if b.Class > 3 {
			return errors.New("no such class")
		}
	case Statement:
		if b.Head != e.Prev {
			return errors.New("made over another journal")
		}
	}
	return nil
}

// timely checks that this kind of event may come now.
func (r *rules) timely(e Event) error {
	switch {
	case (e.Kind == KindOpen) != (e.Seq == 0):
		return errors.New("the first line, and no other, opens")
	case r.outcome != "":
		return errors.New("after the close")
	case r.resume != 0 && !slices.Contains([]Kind{KindApprove, KindRefuse, KindNote, KindResume}, e.Kind):
		return fmt.Errorf("before the resume of line %d has its approvals", r.resume)
	case r.aborted && (e.Kind == KindAbort || e.Kind == KindEnrol):
		return errors.New("after the abort")
	}
	return nil
}

// entitled checks that this kind of event is this author's to make.
func (r *rules) entitled(e Event) error {
	role := r.roster[e.By].Role // "" for the recorder
	ok := true
	switch e.Kind {
	case KindOpen, KindRequest, KindResult, KindResume, KindAbort, KindClose:
		ok = e.By == Recorder
	case KindApprove:
		ok = role == plan.Custodian && r.enrolled[e.By]
	case KindRefuse:
		ok = e.By != Recorder && role != plan.HSM
	case KindEnrol, KindStatement:
		ok = e.By != Recorder
	}
	if !ok {
		return fmt.Errorf("not for %s to say", e.By)
	}
	return nil
}

func (r *rules) open(b Open) error {
	switch {
	case b.Approvals < minApprovals:
		return errors.New("fewer than two approvals")
	case !isDigest(b.Plan), b.PlanToken != "" && !isDigest(b.PlanToken), b.Previous != "" && !isDigest(b.Previous):
		return errors.New("plan, planToken or previous is not a digest")
	}
	ro, err := newRoster(b.Roster)
	if err != nil {
		return err
	}
	r.roster = ro // needed by setRecorder
	if err := r.setRecorder(b.Recorder); err != nil {
		r.roster = nil
		return err
	}
	r.approvals, r.plan = b.Approvals, b.Plan
	return nil
}

// setRecorder makes a key the recorder's that is nobody else's and is new.
func (r *rules) setRecorder(der []byte) error {
	key, err := dsse.ParsePublicKey(der)
	if err != nil {
		return err
	}
	if _, used := r.recorders[key.ID()]; used || r.roster.owner(key.ID()) != "" {
		return errors.New("the recorder's key is not a new one")
	}
	r.recorder, r.recorders[key.ID()] = key, key
	return nil
}

func (r *rules) enrol(by string, b Enrol) error {
	switch {
	case b.Plan != r.plan:
		return errors.New("accepts another plan")
	case r.enrolled[by]:
		return errors.New("enrolled before")
	}
	r.enrolled[by] = true
	return nil
}

func (r *rules) request(e Event, b Request) error {
	if r.aborted && b.Action != actionDestroy {
		return errors.New("after the abort")
	}
	r.questions[e.Seq] = &question{Request: b, digest: e.Digest}
	return nil
}

// answered finds the question that a person answers.
func (r *rules) answered(of int, digest string) (*question, error) {
	q := r.questions[of]
	switch {
	case q == nil || q.digest != digest:
		return nil, fmt.Errorf("line %d is not the request meant", of)
	case q.result != "":
		return nil, fmt.Errorf("line %d has its result already", of)
	case r.resume != 0 && r.resume != of:
		return nil, fmt.Errorf("before the resume of line %d has its approvals", r.resume)
	}
	return q, nil
}

func (r *rules) approve(by string, b Approve) error {
	q, err := r.answered(b.Of, b.Request)
	if err != nil {
		return err
	}
	if slices.Contains(q.approved, by) {
		return errors.New("approved before")
	}
	q.approved = append(q.approved, by)
	if r.resume == b.Of && r.granted(q) {
		r.resume, q.result = 0, Done
	}
	return nil
}

func (r *rules) refuse(b Refuse) error {
	q, err := r.answered(b.Of, b.Request)
	if err != nil {
		return err
	}
	q.refused = true
	return nil
}

// granted tells whether the deed may be done.
func (r *rules) granted(q *question) bool {
	return !q.refused && (len(q.approved) >= r.approvals || noApprovals(q.Action))
}

func (r *rules) result(b Result) error {
	q := r.questions[b.Of]
	switch {
	case q == nil:
		return fmt.Errorf("line %d is not a request", b.Of)
	case q.result != "":
		return fmt.Errorf("line %d has its result already", b.Of)
	case b.Outcome != Done && b.Outcome != Failed:
		return errors.New("outcome is neither done nor failed")
	case b.Outcome == Done && q.refused:
		return fmt.Errorf("done, though line %d was refused", b.Of)
	case b.Outcome == Done && !r.granted(q):
		return fmt.Errorf("done, with %d of %d approvals", len(q.approved), r.approvals)
	case b.Outcome == Done && r.aborted && q.Action != actionDestroy:
		return errors.New("done after the abort")
	}
	q.result = b.Outcome
	return nil
}

func (r *rules) resumed(e Event, b Resume) error {
	if b.Head != e.Prev || b.Torn != "" && !isDigest(b.Torn) {
		return errors.New("resumes another journal")
	}
	if err := r.setRecorder(b.Recorder); err != nil {
		return err
	}
	if q := r.questions[r.resume]; r.resume != 0 {
		q.result = Failed // its recorder is gone
	}
	r.resume = e.Seq
	r.questions[e.Seq] = &question{Request: Request{Action: string(KindResume)}, digest: e.Digest}
	return nil
}

func (r *rules) close(seq int, b Close) error {
	switch {
	case b.Events != seq+1:
		return fmt.Errorf("counts %d events", b.Events)
	case r.aborted && b.Outcome != Aborted, !r.aborted && b.Outcome != Completed:
		return fmt.Errorf("outcome %q", b.Outcome)
	}
	if err := r.complete(); err != nil && !r.aborted {
		return err
	}
	r.outcome = b.Outcome
	return nil
}

// complete checks that what was asked for came to an end, and that nothing is
// missing.
func (r *rules) complete() error {
	missing := mandatory()
	for _, seq := range slices.Sorted(maps.Keys(r.questions)) {
		q := r.questions[seq]
		if q.result == "" && !q.refused && !noApprovals(q.Action) {
			return fmt.Errorf("line %d has no result", seq)
		}
		if q.result == Done {
			missing = slices.DeleteFunc(missing, func(a string) bool { return a == q.Action })
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("completed without %q", missing)
	}
	return nil
}

// A person is a member with the key parsed.
type person struct {
	Member
	key dsse.PublicKey
}

// A roster holds members by id.
type roster map[string]person

func newRoster(members []Member) (roster, error) {
	ro, keys := roster{}, dsse.Keys{}
	for _, m := range members {
		key, err := dsse.ParsePublicKey(m.Key)
		if err != nil {
			return nil, fmt.Errorf("roster: %q: %w", m.ID, err)
		}
		_, sameID := ro[m.ID]
		_, sameKey := keys[key.ID()]
		switch {
		case m.ID == "" || m.ID == Recorder || sameID:
			return nil, fmt.Errorf("roster: id %q is reserved or taken", m.ID)
		case sameKey:
			return nil, fmt.Errorf("roster: %q has another member's key", m.ID)
		case !knownRole(m.Role):
			return nil, fmt.Errorf("roster: unknown role %q", m.Role)
		}
		ro[m.ID], keys[key.ID()] = person{m, key}, key
	}
	return ro, nil
}

// owner is the id of the member with a key, or "".
func (ro roster) owner(keyID string) string {
	for id, p := range ro {
		if p.key.ID() == keyID {
			return id
		}
	}
	return ""
}

func knownRoles() []plan.Role {
	return []plan.Role{
		plan.Administrator, plan.Operator, plan.Custodian, plan.Witness, plan.Officer, plan.Fetcher, plan.Importer, plan.HSM,
	}
}

func knownRole(role plan.Role) bool { return slices.Contains(knownRoles(), role) }

// stamp is now as an event states it: whole seconds, UTC, never before the last.
func stamp(now, last time.Time) time.Time {
	now = now.UTC().Truncate(time.Second)
	if now.Before(last) {
		return last
	}
	return now
}
