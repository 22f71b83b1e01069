package ceremony

import (
	"crypto/sha256"
	"encoding/hex"
	"os"

	"keyrite.dev/keyrite/ceremony/durable"
)

// write puts a new file into the ceremony folder.
func (r *Run) write(name string, data []byte, mode os.FileMode) error {
	return durable.Write(r.path(name), data, mode)
}

func sha256Hex(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
