package app

import "keyrite.dev/keyrite/app/viewmodel"

func summary() []viewmodel.SummaryLine {
	return []viewmodel.SummaryLine{
		{Name: "Rehearsal", Value: "Payments key, yearly import"},
		{Name: "Key", Value: `AES_256 "payments-2026", keep in the HSM afterwards`},
		{Name: "Key check value", Value: "3F2A 91CC 0B  (AES-CMAC over a zero block, leftmost 5 bytes (ANSI X9.24-1))"},
		{Name: "Backup", Value: "5 shares, any 3 rebuild it; in clear in the split worker for 3 ms"},
		{Name: "Recovery", Value: "proven with custodian-1, custodian-3, custodian-4"},
		{Name: "Cloud", Value: "arn:aws:kms:eu-central-1:111122223333:key/1234abcd is Enabled"},
		{Name: "Transcript", Value: "REHEARSAL: valid"},
		{Name: "Seal signed by", Value: "W. Witness, witness"},
		{Name: "Folder", Value: "/home/ceremony/rehearsal"},
		{Name: "Check it", Value: "keyrite verify /home/ceremony/rehearsal --trusted /home/ceremony/rehearsal.trusted"},
	}
}
