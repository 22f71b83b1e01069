package ceremony

import (
	"fmt"
	"slices"

	"keyrite.dev/keyrite/ceremony/transcript"
)

// A State is what a journal says: a fold over its lines, nothing else. It is
// the same whether the lines were just written or read back after a restart.
type State struct {
	Enrolled  []string          // roster ids, in order
	Requests  map[int]*Request  // by seq
	Last      map[StepKind]int  // seq of the last request of a kind that was done
	Notes     []transcript.Note // deviations
	Abort     *transcript.Abort
	Outcome   string // of close
	Events    int
	Statement []string // roster ids that made a closing statement
}

// A Request is one request line and what became of it.
type Request struct {
	Seq      int
	Digest   string // SHA-256 of its line
	Body     transcript.Request
	Approved []string
	Refused  []string
	Result   *transcript.Result
}

func newState() State {
	return State{Requests: map[int]*Request{}, Last: map[StepKind]int{}}
}

// apply adds one line. The journal's own checks ran before; what is refused here
// would be a mistake of the engine.
func (s *State) apply(line transcript.Event) error {
	s.Events++
	switch b := line.Body.(type) {
	case transcript.Enrol:
		s.Enrolled = append(s.Enrolled, line.By)
	case transcript.Request:
		s.Requests[line.Seq] = &Request{Seq: line.Seq, Digest: line.Digest, Body: b}
	case transcript.Approve:
		return s.answer(b.Of, func(q *Request) { q.Approved = append(q.Approved, line.By) })
	case transcript.Refuse:
		return s.answer(b.Of, func(q *Request) { q.Refused = append(q.Refused, line.By) })
	case transcript.Result:
		return s.answer(b.Of, func(q *Request) {
			q.Result = &b
			if b.Outcome == transcript.Done {
				s.Last[StepKind(q.Body.Action)] = q.Seq
			}
		})
	case transcript.Note:
		s.Notes = append(s.Notes, b)
	case transcript.Statement:
		s.Statement = append(s.Statement, line.By)
	case transcript.Abort:
		s.Abort = &b
	case transcript.Close:
		s.Outcome = b.Outcome
	}
	return nil
}

func (s *State) answer(of int, f func(*Request)) error {
	q, ok := s.Requests[of]
	if !ok {
		return fmt.Errorf("line answers request %d, which is not in the journal", of)
	}
	f(q)
	return nil
}

// Result finds the values of the last done request of a kind.
func (s State) Result(kind StepKind) (Values, bool) {
	seq, ok := s.Last[kind]
	if !ok {
		return nil, false
	}
	return s.Requests[seq].Result.Values, true
}

// Value is one value of the last done request of a kind, or "".
func (s State) Value(kind StepKind, name string) string {
	v, _ := s.Result(kind)
	return v.Get(name)
}

// Values are names and values in the order of the journal.
type Values []transcript.Value

// Get finds a value by name, "" if there is none.
func (v Values) Get(name string) string {
	i := slices.IndexFunc(v, func(x transcript.Value) bool { return x.Name == name })
	if i < 0 {
		return ""
	}
	return v[i].Value
}

func value(name, v string) transcript.Value { return transcript.Value{Name: name, Value: v} }
