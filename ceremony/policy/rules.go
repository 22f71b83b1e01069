package policy

// Identifiers of the rules. docs/assurance.md has a section for each: the claim,
// the reason, where it is held and which test shows it.
const (
	ruleForm          = "FORM"
	ruleScheme        = "SCHEME"
	ruleDualControl   = "DUAL-CONTROL"
	ruleRoles         = "ROLE-SEPARATION"
	ruleFetchImport   = "FETCH-IMPORT-SEPARATION"
	ruleThreshold     = "THRESHOLD"
	ruleKeys          = "KEYS"
	ruleHSMKey        = "HSM-KEY"
	ruleRecipients    = "RECIPIENTS"
	ruleKeySpec       = "KEY-SPEC"
	ruleDestination   = "DESTINATION"
	ruleWrapMatrix    = "WRAP-MATRIX"
	ruleKeyStrength   = "KEY-STRENGTH"
	ruleCryptoperiod  = "CRYPTOPERIOD"
	ruleTimeLeft      = "TIME-LEFT"
	rulePhysicalSteps = "PHYSICAL-STEPS"
	ruleReferences    = "REFERENCES"
	ruleExceptions    = "EXCEPTIONS"
)

// rules are all rules, in the order in which violations are told. FORM is first
// and apart: a plan that breaks it cannot be written, so nothing else is known.
func rules() []rule {
	return []rule{
		{id: ruleForm, check: checkForm},
		{id: ruleScheme, check: checkScheme},
		{id: ruleDualControl, check: checkDualControl},
		{id: ruleRoles, check: checkRoles},
		{id: ruleFetchImport, check: checkFetchImport},
		{id: ruleThreshold, liftable: true, check: checkThreshold},
		{id: ruleKeys, check: checkKeys},
		{id: ruleHSMKey, check: checkHSMKey},
		{id: ruleRecipients, check: checkRecipients},
		{id: ruleKeySpec, check: checkKeySpec},
		{id: ruleDestination, check: checkDestination},
		{id: ruleWrapMatrix, check: checkWrapMatrix},
		{id: ruleKeyStrength, liftable: true, check: checkKeyStrength},
		{id: ruleCryptoperiod, liftable: true, check: checkCryptoperiod},
		{id: ruleTimeLeft, check: checkTimeLeft},
		{id: rulePhysicalSteps, check: checkPhysicalSteps},
		{id: ruleReferences, check: checkReferences},
		{id: ruleExceptions, check: checkExceptions},
	}
}
