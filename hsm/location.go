// Package hsm is what all HSM tokens share: how they are found, and what their
// return codes mean for the people in the room.
package hsm

// A Location says where a token is. It belongs to the site, never to the plan,
// and holds no PIN.
type Location struct {
	Module      string   `json:"module"`      // absolute path of the PKCS#11 module
	Serial      string   `json:"serial"`      // CK_TOKEN_INFO.serialNumber, trimmed
	Label       string   `json:"label"`       // CK_TOKEN_INFO.label, trimmed; "" for any
	InitString  string   `json:"initString"`  // C_Initialize parameters, as NSS wants them; "" for none
	Environment []string `json:"environment"` // KEY=value that the module reads, as SOFTHSM2_CONF
}
