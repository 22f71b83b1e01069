//go:build goexperiment.runtimesecret && linux && (amd64 || arm64)

package secret

import "testing"

func TestDoProtectsInABuildWithTheExperiment(t *testing.T) {
	if !Protected() {
		t.Error("runtime/secret is compiled in and does nothing")
	}
}
