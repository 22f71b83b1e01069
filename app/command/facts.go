package command

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"

	"keyrite.dev/keyrite/ceremony/transcript"
)

// toolFacts are what the program says of itself. A changed program can lie here:
// the room compares the digest with one made by another tool.
func toolFacts(version string) []transcript.Value {
	return []transcript.Value{
		{Name: "program", Value: "keyrite " + version},
		{Name: "sha256", Value: ownDigest()},
		{Name: "toolchain", Value: runtime.Version()},
		{Name: "system", Value: runtime.GOOS + "/" + runtime.GOARCH},
	}
}

func ownDigest() string {
	path, err := os.Executable()
	if err != nil {
		return "unknown: " + err.Error()
	}
	f, err := os.Open(path) //nolint:gosec // the program itself
	if err != nil {
		return "unknown: " + err.Error()
	}
	defer f.Close() //nolint:errcheck // read only
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "unknown: " + err.Error()
	}
	return hex.EncodeToString(h.Sum(nil))
}

// laptopFacts are what the machine shows of its connections: evidence to be
// witnessed, not a proof.
func laptopFacts(context.Context) []transcript.Value {
	interfaces, err := net.Interfaces()
	if err != nil {
		return []transcript.Value{{Name: "interfaces", Value: "cannot be seen: " + err.Error()}}
	}
	var out []transcript.Value
	for _, i := range interfaces {
		state := "down"
		if i.Flags&net.FlagUp != 0 {
			state = "up"
		}
		out = append(out, transcript.Value{Name: "interface/" + i.Name, Value: state + kind(i)})
	}
	return append(out, transcript.Value{Name: "swap", Value: swapState()})
}

func kind(i net.Interface) string {
	if i.Flags&net.FlagLoopback != 0 {
		return ", loopback"
	}
	return ""
}

func swapState() string {
	data, err := os.ReadFile("/proc/swaps")
	if err != nil {
		return "cannot be seen"
	}
	if n := strings.Count(strings.TrimSpace(string(data)), "\n"); n > 0 {
		return fmt.Sprintf("%d in use", n)
	}
	return "none"
}
