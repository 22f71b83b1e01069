package worker_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/secret"
	"keyrite.dev/keyrite/hsm/softtoken"
	"keyrite.dev/keyrite/hsm/worker"
)

const void = "what it began is void: look at the HSM's objects before trying again"

// A worker that is killed, wherever it is, leaves nothing in the token, and its
// request can be done again.
func TestAKilledWorkerLeavesNothing(t *testing.T) {
	eachToken(t, plan.AES256, func(r *room) {
		line := r.request(ceremony.KindSplit, 2, r.splitParams())
		objects := r.objects()
		killed := 0
		deaths := [][]string{{verbDies, "0"}, {verbDiesLast}}
		if r.kind == softtoken.NSS {
			// SoftHSM2 writes its token file anew at each login, and not atomically:
			// killed in those microseconds, any program loses the whole token.
			deaths = append(deaths, []string{verbDies, "1"}, []string{verbDies, "5"}, []string{verbDies, "10"}, []string{verbDies, "15"}, []string{verbDies, "20"})
		}
		for _, args := range deaths {
			s := worker.New(worker.Config{Location: r.loc, Args: args})
			_, err := s.Split(r.t.Context(), r.job(line), pin())
			if err == nil {
				continue // it was faster
			}
			killed++
			if !strings.Contains(err.Error(), void) || !strings.Contains(err.Error(), "killed") {
				r.t.Errorf("%v: %v", args, err)
			}
			if now := r.objects(); now != objects {
				r.t.Errorf("%v: the token holds other objects after:\n%sbefore:\n%s", args, now, objects)
			}
		}
		if killed < 2 {
			r.t.Errorf("only %d workers were killed in time", killed)
		}
		if _, err := r.splitter.Split(r.t.Context(), r.job(line), pin()); err != nil {
			r.t.Errorf("after that, it refuses: %v", err)
		}
	})
}

func TestAWorkerThatGoesWrongIsAnErrorAndNoAnswer(t *testing.T) {
	for verb, want := range map[string]string{
		verbSilent: void, verbOversized: void, verbEmpty: void,
		verbGarbage: "the other process does not speak the worker's protocol", verbTwice: "the other process does not speak the worker's protocol",
		verbFloods: "the other process does not speak the worker's protocol",
	} {
		s := worker.New(worker.Config{Args: []string{verb}, Credentials: func(string) ([]byte, error) { return nil, nil }})
		_, split := s.Split(t.Context(), ceremony.Job{}, pin())
		_, open := s.ProveOpen(t.Context(), ceremony.Job{}, "custodian-1", secret.Bytes{})
		_, regain := s.Recover(t.Context(), ceremony.Job{}, pin(), []ceremony.Holder{{ID: "custodian-1"}})
		for name, err := range map[string]error{"split": split, "open": open, "recover": regain} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s, %s: answered %v", verb, name, err)
			}
		}
	}
}

func TestCancellingEndsTheWorker(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := worker.New(worker.Config{Args: []string{verbHangs}}).Split(ctx, ceremony.Job{}, pin())
	if err == nil || !strings.Contains(err.Error(), void) {
		t.Errorf("answered %v", err)
	}
	if d := time.Since(began); d > 10*time.Second {
		t.Errorf("it took %v", d)
	}
}

func TestAProgramThatCannotStartIsSaid(t *testing.T) {
	_, err := worker.New(worker.Config{Executable: "/nonexistent/keyrite"}).Split(t.Context(), ceremony.Job{}, pin())
	if err == nil || !strings.Contains(err.Error(), "failed to start the split worker") {
		t.Errorf("answered %v", err)
	}
}

// What the result calls "no network" is looked at from inside.
func TestTheWorkerSeesNoNetwork(t *testing.T) {
	isolated := mayIsolate(t)
	t.Setenv("KEYRITE_TEST_SECRET", "not for workers")
	here, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, network := range []bool{false, true} {
		s := worker.New(worker.Config{Args: []string{verbLooks}, Network: network})
		_, err := s.Split(t.Context(), ceremony.Job{}, pin())
		seen, rest, _ := strings.Cut(err.Error(), "; ")
		if isolated && !network {
			if seen != "lo up=false" {
				t.Errorf("the worker sees %s", seen)
			}
		} else if n := strings.Count(seen, "up="); n != len(here) {
			t.Errorf("with the network, the worker sees %d of %d interfaces", n, len(here))
		}
		if rest != "<nil>; HOME=/nonexistent LANG=C.UTF-8" {
			t.Errorf("the worker's environment: %s", rest)
		}
	}
}

func TestANetworkHSMsWorkerKeepsTheNetworkAndSaysSo(t *testing.T) {
	r := newRoom(t, softtoken.SoftHSM, plan.AES256)
	s := worker.New(worker.Config{Location: r.loc, Network: true})
	res, err := s.Split(t.Context(), r.job(r.request(ceremony.KindSplit, 2, r.splitParams())), pin())
	if err != nil || res.NoNetwork {
		t.Errorf("no network: %v, %v", res.NoNetwork, err)
	}
}

// frames is the worker's input, written a second time.
func frames(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		b.Write(binary.BigEndian.AppendUint32(nil, uint32(len(p))))
		b.WriteString(p)
	}
	return b.String()
}

// An outcome is what came out of a worker that was started by hand.
type outcome struct {
	stdout, stderr []byte
	code           int
}

func start(t *testing.T, env []string, stdin string) outcome {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), must(os.Executable()), worker.Verb)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.Env = strings.NewReader(stdin), &stdout, &stderr, append([]string{"HOME=/nonexistent"}, env...)
	_ = cmd.Run() // its code is looked at
	return outcome{stdout.Bytes(), stderr.Bytes(), cmd.ProcessState.ExitCode()}
}

// answer is the one frame that a worker may write.
func (o outcome) answer(t *testing.T) map[string]any {
	t.Helper()
	if len(o.stdout) < 4 || int(binary.BigEndian.Uint32(o.stdout)) != len(o.stdout)-4 {
		t.Fatalf("not one frame: %q", o.stdout)
	}
	var a map[string]any
	if err := json.Unmarshal(o.stdout[4:], &a); err != nil {
		t.Fatal(err)
	}
	if (o.code == 0) != (a["fault"] == nil) || len(o.stderr) > 0 {
		t.Errorf("exit %d with %v, on standard error: %q", o.code, a["fault"], o.stderr)
	}
	return a
}

func TestAWorkerWritesOneFrameAndNothingElse(t *testing.T) {
	eachToken(t, plan.AES256, func(r *room) {
		line := r.request(ceremony.KindSplit, 2, r.splitParams())
		loc := string(must(json.Marshal(r.loc)))
		j := `{"do":"split","folder":` + strconv.Quote(r.folder) + `,"request":` + strconv.Itoa(line.Seq) + `,"location":` + loc + `}`
		o := start(r.t, nil, frames(j, userPIN))
		a := o.answer(r.t)
		if a["split"] == nil || a["fault"] != nil {
			r.t.Errorf("answered %v", a)
		}
		for _, text := range []string{userPIN, "BEGIN", "AGE-SECRET"} {
			if bytes.Contains(o.stdout, []byte(text)) {
				r.t.Errorf("the answer holds %q", text)
			}
		}
	})
}

func TestAWorkerAnswersGarbageWithAFault(t *testing.T) {
	for name, c := range map[string]struct{ stdin, want string }{
		"nothing":         {"", "failed to read the job"},
		"half a length":   {"\x00\x00", "failed to read the job"},
		"half a frame":    {"\x00\x00\x00\x09{}", "failed to read the job"},
		"oversized":       {"\xff\xff\xff\xff", "frame of 4294967295 bytes, at most 1048576"},
		"a byte too many": {"\x00\x10\x00\x01" + strings.Repeat(" ", 1<<20+1), "frame of 1048577 bytes, at most 1048576"},
		"not JSON":        {frames("hello"), "does not speak the worker's protocol"},
		"JSON, no job":    {frames(`[1,2]`), "does not speak the worker's protocol"},
		"empty job":       {frames(`{}`), `invalid job ""`},
		"unknown job":     {frames(`{"do":"release"}`), `invalid job "release"`},
		"no folder":       {frames(`{"do":"split"}`, userPIN), "the split worker refuses"},
		"other folder":    {frames(`{"do":"recover","folder":"/nonexistent"}`, userPIN), "the split worker refuses"},
		"open by nobody":  {frames(`{"do":"open","folder":"/nonexistent"}`), "one custodian opens one share"},
		"open by two":     {frames(`{"do":"open","folder":"/nonexistent","holders":["a","b"]}`), "one custodian opens one share"},
	} {
		a := start(t, nil, c.stdin).answer(t)
		f, _ := a["fault"].(map[string]any)
		text, _ := f["text"].(string)
		if len(a) != 1 || !strings.Contains(text, c.want) {
			t.Errorf("%s: answered %v", name, a)
		}
	}
}

func TestAWorkerWithoutAPINMakesNothing(t *testing.T) {
	r := newRoom(t, softtoken.SoftHSM, plan.AES256)
	line := r.request(ceremony.KindSplit, 2, r.splitParams())
	objects := r.objects()
	j := `{"do":"split","folder":` + strconv.Quote(r.folder) + `,"request":` + strconv.Itoa(line.Seq) + `,"location":` + string(must(json.Marshal(r.loc))) + `}`
	a := start(t, nil, frames(j)).answer(t)
	f, _ := a["fault"].(map[string]any)
	if text, _ := f["text"].(string); !strings.Contains(text, "failed to read the PIN") {
		t.Errorf("answered %v", a)
	}
	if r.objects() != objects {
		t.Error("the token holds other objects")
	}
}

// A parent that dies leaves its worker with half of what it needs: nothing is
// made. (On Linux the worker is killed with it, besides.)
func TestAWorkerWhoseParentStopsSpeakingMakesNothing(t *testing.T) {
	eachToken(t, plan.AES256, func(r *room) {
		_, v := r.split()
		objects := r.objects()
		drawn := []string{"custodian-1", "custodian-2", "custodian-3"}
		line := r.request(ceremony.KindRecover, 2, r.recoverParams(v, drawn...))
		j := string(must(json.Marshal(map[string]any{
			"do": "recover", "folder": r.folder, "request": line.Seq, "location": r.loc, "holders": drawn,
		})))
		parts := []string{j, userPIN}
		for _, id := range drawn {
			parts = append(parts, string(must(r.people.File(id))), r.people.Passphrases[id])
		}
		for n := 1; n < len(parts); n++ {
			a := start(r.t, nil, frames(parts[:n]...)).answer(r.t)
			f, _ := a["fault"].(map[string]any)
			if text, _ := f["text"].(string); !strings.Contains(text, "failed to read the") {
				r.t.Errorf("after %d of %d frames: answered %v", n, len(parts), a)
			}
			if now := r.objects(); now != objects {
				r.t.Errorf("after %d of %d frames the token holds other objects:\n%sbefore:\n%s", n, len(parts), now, objects)
			}
		}
	})
}
