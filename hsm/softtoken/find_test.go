package softtoken

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAModuleThatIsMissingIsToldByItsPackages(t *testing.T) {
	folder := t.TempDir()
	packages := map[string]string{"Debian and Ubuntu": "softhsm2", "Fedora": "softhsm"}
	_, err := find("SoftHSM2", packages, []string{filepath.Join(folder, "gone.so"), folder})
	if err == nil || !strings.Contains(err.Error(), "SoftHSM2 is not installed; install the package softhsm2 (Debian and Ubuntu), softhsm (Fedora)") {
		t.Errorf("answered %v", err)
	}
	there := filepath.Join(folder, "there.so")
	if err := os.WriteFile(there, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := find("SoftHSM2", packages, []string{folder, there}); err != nil || got != there {
		t.Errorf("found %q, %v", got, err)
	}
}
