package worker_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"keyrite.dev/keyrite/hsm/worker"
)

// Verbs of workers that go wrong, or that tell what they see.
const (
	verbSilent    = "worker-silent"
	verbHangs     = "worker-hangs"
	verbGarbage   = "worker-garbage"
	verbOversized = "worker-oversized"
	verbEmpty     = "worker-empty"
	verbLooks     = "worker-looks"
	verbDies      = "worker-dies"
	verbDiesLast  = "worker-dies-last"
	verbTwice     = "worker-answers-twice"
	verbFloods    = "worker-floods"
	verbParent    = "worker-parent"
	verbReplaced  = "worker-replaced"
	verbDumpable  = "worker-dumpable"
)

// The test binary is its own worker, as the program is.
func TestMain(m *testing.M) {
	if len(os.Args) >= 2 && (os.Args[1] == worker.Verb || strings.HasPrefix(os.Args[1], "worker-")) {
		syscall.Exit(play(os.Args[1])) // os.Exit would sleep a second for the race detector, at each of a hundred workers
	}
	os.Exit(m.Run())
}

func play(verb string) int {
	ctx := context.Background()
	switch verb {
	case worker.Verb:
		return worker.Main(ctx, os.Stdin, os.Stdout)
	case verbDies:
		return worker.Main(ctx, &dyingReader{}, os.Stdout)
	case verbDiesLast:
		return worker.Main(ctx, os.Stdin, dyingWriter{})
	case verbHangs:
		if len(os.Args) > 2 { // where to say who hangs
			_ = os.WriteFile(os.Args[2], []byte(strconv.Itoa(os.Getpid())), 0o600)
		}
		time.Sleep(time.Minute)
	case verbGarbage:
		fmt.Fprint(os.Stdout, "\x00\x00\x00\x07garbage")
		return 0
	case verbOversized:
		fmt.Fprint(os.Stdout, "\xff\xff\xff\xffgarbage")
		return 0
	case verbEmpty:
		fmt.Fprint(os.Stdout, "\x00\x00\x00\x02{}")
		return 0
	case verbTwice:
		fmt.Fprint(os.Stdout, "\x00\x00\x00\x02{}\x00\x00\x00\x02{}")
		return 0
	case verbFloods:
		return flood()
	case verbLooks:
		return look()
	}
	return playHere(verb)
}

func kill() { _ = syscall.Kill(os.Getpid(), syscall.SIGKILL) }

// A dyingReader is standard input; so many milliseconds after the second frame,
// the PIN, began, the process is killed, or at once instead of reading it.
type dyingReader struct{ reads int }

func (d *dyingReader) Read(b []byte) (int, error) {
	if d.reads++; d.reads == 3 { // head and body of the job, then the PIN
		after, _ := strconv.Atoi(os.Args[2])
		if after == 0 {
			kill()
		}
		time.AfterFunc(time.Duration(after)*time.Millisecond, kill)
	}
	return io.ReadFull(os.Stdin, b)
}

// A dyingWriter is killed when all is done and the answer is due.
type dyingWriter struct{}

func (dyingWriter) Write([]byte) (int, error) {
	kill()
	select {}
}

// flood writes until nobody reads.
func flood() int {
	for {
		if _, err := os.Stdout.Write(make([]byte, 1<<16)); err != nil {
			return 1
		}
	}
}

// look answers what the process sees of the network and of its own dumps.
func look() int {
	var seen []string
	all, err := net.Interfaces()
	for _, i := range all {
		seen = append(seen, fmt.Sprintf("%s up=%v", i.Name, i.Flags&net.FlagUp != 0))
	}
	env := strings.Join(os.Environ(), " ")
	data, _ := json.Marshal(map[string]any{"fault": map[string]string{"text": fmt.Sprintf("%s; %v; %s", strings.Join(seen, ", "), err, env)}})
	os.Stdout.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), data...))
	return 0
}
