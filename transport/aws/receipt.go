package aws

import (
	"context"
	"time"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/transport"
)

// receipt is the payload of a receipt parcel: what the importer claims to have
// done and seen. It proves nothing by itself; the officer's own look does.
type receipt struct {
	Control     string           `json:"control"` // "refused", or "" where not asked
	Destination plan.Destination `json:"destination"`
	Header      transport.Header `json:"header"`
	MaterialID  string           `json:"materialId"` // AES: as the cloud names the material; else ""
	Parcel      string           `json:"parcel"`     // SHA-256 of the wrapped-key parcel
	Proof       string           `json:"proof"`      // "existing-material", "hmac-tag"
	Requests    []request        `json:"requests"`   // as CloudTrail has them
	Seal        string           `json:"seal"`       // SHA-256 of seal.json
	State       string           `json:"state"`      // "Enabled"
	Tag         []byte           `json:"tag"`        // HMAC: over the parcel's nonce; else empty
	Time        string           `json:"time"`       // the importer's clock
}

// Head implements [transport.Payload].
func (r *receipt) Head() transport.Header { return r.Header }

// sign makes the receipt parcel of a run that is through.
func (r *run) sign(ctx context.Context) (ceremony.Receipt, error) {
	body := receipt{
		Control:     r.receipt.Control,
		Destination: r.to,
		Header:      transport.NewHeader(r.ceremony, time.Time{}, r.in.Signer, string(plan.Importer)),
		MaterialID:  r.receipt.MaterialID,
		Parcel:      r.parcel,
		Proof:       r.receipt.Proof,
		Requests:    append([]request{}, r.requests...),
		Seal:        r.seal,
		State:       r.receipt.State,
		Tag:         append([]byte{}, r.receipt.Tag...),
		Time:        transport.FormatTime(r.now()),
	}
	file, err := transport.Seal(ctx, r.mode, transport.Receipt, &body, r.in.Signer)
	if err != nil {
		return ceremony.Receipt{}, err
	}
	r.receipt.Parcel = file
	return r.receipt, nil
}
