#!/bin/sh
# Verifies a ceremony folder with stock tools only: POSIX sh, jq 1.6, openssl 3.0
# and coreutils. It follows docs/formats/verifier.md and shares no code with
# "keyrite verify", so that neither has to be believed alone.
#
# usage: verify.sh DIR FILE [--production]
#   DIR    the ceremony folder
#   FILE   the keys you trust, from another source than DIR; one a line:
#          fingerprint role text     (lines beginning with # are comments)
# exit:  0 valid  1 not valid  2 usage  3 intact but unfinished
#        4 intact but not enough trusted keys
set -u
LC_ALL=C
export LC_ALL

usage() {
	printf 'verify.sh: %s\nusage: verify.sh DIR FILE [--production]\n' "$*" >&2
	exit 2
}

invalid() {
	printf 'NOT VALID: %s\n' "$*"
	exit 1
}

dir='' list='' production=''
for arg in "$@"; do
	case $arg in
	--production) production=yes ;;
	-*) usage "unknown option $arg" ;;
	'') usage "empty argument" ;;
	*) if [ -z "$dir" ]; then dir=$arg; elif [ -z "$list" ]; then list=$arg; else usage "too many arguments"; fi ;;
	esac
done
[ -n "$list" ] || usage "want DIR and FILE"
for tool in jq openssl sha256sum base64 od tr cut mv head tail wc split stat realpath cmp mktemp; do
	command -v "$tool" >/dev/null || usage "$tool is not installed"
done
[ -d "$dir" ] || usage "$dir is not a folder"
[ -f "$list" ] || usage "$list is not a file"
dir=$(realpath -- "$dir") || usage "cannot resolve $dir"
list=$(realpath -- "$list") || usage "cannot resolve $list"
case $list in "${dir%/}"/*) usage "the list of trusted keys must not come from inside the folder" ;; esac

t=$(mktemp -d) || usage "cannot make a temporary folder"
trap 'rm -rf "$t"' EXIT
trap 'exit 2' HUP INT TERM

# What both jq programs know. Text that is not what it looks like: Unicode
# categories Cc, Cf, Co, Zl, Zp, as of Unicode 15.
cat >"$t/common.jq" <<'JQ'
def odd_characters: "[\\x{00}-\\x{1f}\\x{7f}-\\x{9f}\\x{ad}\\x{600}-\\x{605}\\x{61c}\\x{6dd}\\x{70f}\\x{890}-\\x{891}\\x{8e2}\\x{180e}\\x{200b}-\\x{200f}\\x{2028}-\\x{202e}\\x{2060}-\\x{2064}\\x{2066}-\\x{206f}\\x{e000}-\\x{f8ff}\\x{feff}\\x{fff9}-\\x{fffb}\\x{110bd}\\x{110cd}\\x{13430}-\\x{1343f}\\x{1bca0}-\\x{1bca3}\\x{1d173}-\\x{1d17a}\\x{e0001}\\x{e0020}-\\x{e007f}\\x{f0000}-\\x{ffffd}\\x{100000}-\\x{10fffd}]";
def odd: test(odd_characters);
def hex: type == "string" and test("\\A[0-9a-f]{64}\\z");
def role: . as $r | any("administrator", "hsm-operator", "custodian", "witness", "officer", "fetcher", "importer", "hsm"; . == $r);
JQ

# 1. The list of trusted keys: fingerprint to role.
[ "$(stat -c %s "$list")" -le 1048576 ] || usage "$list is too large"
if [ "$(tr -d '\000-\177' <"$list" | wc -c)" -gt 0 ]; then
	jq -Rsj . "$list" | cmp -s - "$list" || usage "$list is not UTF-8"
fi
cat "$t/common.jq" - >"$t/list.jq" <<'JQ'
reduce (split("\n")[]) as $line ({};
	($line | split(" ") | map(select(. != ""))) as $f |
	if $line | odd then error("a character that is not allowed")
	elif ($f | length) == 0 or ($f[0] | startswith("#")) then .
	elif ($f | length) < 2 or ($f[0] | hex | not) then error("want: fingerprint role text")
	elif ($f[1] | role | not) then error("unknown role")
	elif .[$f[0]] then error("fingerprint listed twice")
	else .[$f[0]] = $f[1] end)
JQ
jq -Rs -f "$t/list.jq" "$list" >"$t/trusted.json" 2>"$t/error" || usage "$list: $(cat "$t/error")"

# 2. The files. plain NAME LIMIT: a file in the folder, by no link.
is_plain() {
	[ -f "$dir/$1" ] && [ "$(realpath -- "$dir/$1")" = "$dir/$1" ]
}
plain() {
	is_plain "$1" || invalid "$1 is not a plain file here"
	[ "$(stat -c %s "$dir/$1")" -le "$2" ] || invalid "$1 is larger than $2 bytes"
}
# envelope NAME COPY: an envelope file is one line.
envelope() {
	plain "$1" 1048577
	last=$(tail -c 1 "$dir/$1" | od -An -tx1 | tr -d ' ')
	if [ "$(wc -l <"$dir/$1")" -ne 1 ] || [ "$last" != 0a ]; then invalid "$1 is not one line"; fi
	cat "$dir/$1" >"$2"
}
envelope plan.dsse.json "$t/plan"
plain journal.jsonl 67108864
lines=$(wc -l <"$dir/journal.jsonl")
head -n "$lines" "$dir/journal.jsonl" >"$t/journal"
torn=$(($(stat -c %s "$dir/journal.jsonl") - $(stat -c %s "$t/journal")))
[ "$torn" -le 1048576 ] || invalid "$torn bytes after the last line are more than a torn line"
: >"$t/seal"
if [ -e "$dir/seal.json" ]; then
	[ "$torn" -eq 0 ] || invalid "seal: the journal was cut after it was sealed"
	envelope seal.json "$t/seal"
fi

# 3. The digest of each line.
: >"$t/digests"
if [ "$lines" -gt 0 ]; then
	split -l 1 -a 5 "$t/journal" "$t/line."
	sha256sum "$t"/line.* | cut -c 1-64 >"$t/digests"
fi

# 4. The keys: those of the plan's roster, and of each recorder. A
#    SubjectPublicKeyInfo has one spelling for each algorithm. Refused among the
#    Ed25519 keys are points of small order, under which one signature fits many
#    messages, and second spellings of points.
cat >"$t/keys.jq" <<'JQ'
def body: try (fromjson | .payload | @base64d | fromjson) catch null;
def bytes: # of base64 in its one spelling
	("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" | explode | to_entries | map({([.value] | implode): .key}) | add) as $six |
	[rtrimstr("=") | rtrimstr("=") | explode[] | $six[[.] | implode]] as $v |
	[range($v | length) | if . % 4 == 0 then empty
		else ($v[. - 1] * pow(4; . % 4) % 256 + ($v[.] / pow(4; 3 - . % 4) | floor)) end];
def hexdigits: [.[] | "0123456789abcdef"[(. / 16 | floor):][:1] + "0123456789abcdef"[. % 16:][:1]] | join("");
def algorithm:
	if test("\\A302a300506032b6570032100[0-9a-f]{64}\\z") then .[24:] |
		if test("\\A(0[01](00){30}[08]0|(c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03[7f]a)|(26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc[08]5)|(e[c-f]|f.)(ff){30}[7f]f)\\z")
		then empty else "ed25519" end
	elif test("\\A3059301306072a8648ce3d020106082a8648ce3d03010703420004[0-9a-f]{128}\\z") then "sha256"
	elif test("\\A3076301006072a8648ce3d020106052b8104002203620004[0-9a-f]{192}\\z") then "sha384"
	else empty end;
[($plan | body | .roster[]?.key?), ($journal | split("\n")[] | body | .body?.recorder?)]
| unique[] | strings | select(test("\\A([A-Za-z0-9+/]{4})+([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\\z"))
| "\(bytes | hexdigits | algorithm) \(.)"
JQ
jq -n -r -f "$t/keys.jq" --rawfile plan "$t/plan" --rawfile journal "$t/journal" >"$t/spki" 2>/dev/null || invalid "the keys cannot be read"
: >"$t/keys"
while read -r alg spki; do
	printf %s "$spki" | base64 -d >"$t/der" 2>/dev/null || continue
	id=$(sha256sum "$t/der") && id=${id%% *}
	printf -- '-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n' "$spki" >"$t/pem"
	# A point must be on its curve.
	[ "$alg" = ed25519 ] || openssl pkey -pubin -in "$t/pem" -noout 2>/dev/null || continue
	mv "$t/pem" "$t/$id.$alg"
	echo "$spki $id" >>"$t/keys"
done <"$t/spki"

# 5. Everything that needs no cryptography. The program prints one line a fact:
#    S|key|signature|what, then the signed bytes    P|lines|SHA-256 of so many lines
#    U|digest|name of a sealed file    D|deviation
#    G|who signed what    L|trust that is missing    M|mode    O|outcome    N|title
#    R|how far it reaches    C|ceremony    F|fault    E|the end
cat "$t/common.jq" - >"$t/fold.jq" <<'JQ'
def need(ok; message): if ok then . else error(message) end;
def lines: if . == "" then [] else rtrimstr("\n") | split("\n") end;

# The one spelling of JSON: members sorted, no spaces, whole numbers, no null.
def spell:
	. as $v |
	if type == "object" then "{" + ([keys[] as $k | ($k | tojson) + ":" + ($v[$k] | spell)] | join(",")) + "}"
	elif type == "array" then "[" + (map(spell) | join(",")) + "]"
	elif type == "number" then need(. == floor and . >= 0 and . < 2147483648; "a number that is not allowed") | (. + 0 | tostring)
	elif type == "null" then error("null where a value is expected")
	else tojson end;
def parse($what):
	. as $text | [fromjson?] as $read | # in a list, since try in jq 1.6 also catches what fails after it
	need($read | length == 1; "invalid JSON in " + $what) | $read[0] as $v |
	need(($v | spell) == $text; $what + " is not in the canonical spelling") |
	need([$v | .. | strings, (objects | keys[])] | join("") | odd | not; "a character is not allowed in " + $what) | $v;

# Shapes. Members are given in order.
def has_only($names): type == "object" and keys == $names;
def str: type == "string";
def num: type == "number";
def bytes: str and test("\\A([A-Za-z0-9+/]{4})*([A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?\\z");
def texts($names): has_only($names) and all(.[]; str);
def list(each): type == "array" and all(.[]; each);
def values: list(texts(["name", "value"]));
def member: texts(["id", "key", "name", "role"]) and (.key | bytes);
def empty_or_hex: . == "" or hex;
def shape($kind):
	if $kind == "open" then has_only(["approvals", "plan", "planToken", "previous", "recorder", "roster", "site", "title", "tool"])
		and (.approvals | num) and ([.plan, .planToken, .previous, .title] | all(.[]; str)) and (.recorder | bytes)
		and (.roster | list(member)) and (.site | values) and (.tool | values)
	elif $kind == "enrol" then texts(["plan", "statement"])
	elif $kind == "request" then has_only(["action", "params", "statement", "step"]) and (.params | values) and (del(.params) | all(.[]; str))
	elif $kind == "approve" then has_only(["of", "request"]) and (.of | num) and (.request | str)
	elif $kind == "refuse" then has_only(["of", "reason", "request"]) and (.of | num) and (.request | str) and (.reason | str)
	elif $kind == "result" then has_only(["of", "outcome", "values"]) and (.of | num) and (.outcome | str) and (.values | values)
	elif $kind == "note" then has_only(["class", "decided", "expected", "happened", "step"]) and (.class | num) and (del(.class) | all(.[]; str))
	elif $kind == "statement" then has_only(["agree", "head", "reason"]) and (.agree | type == "boolean") and (.head | str) and (.reason | str)
	elif $kind == "resume" then texts(["head", "recorder", "torn"]) and (.recorder | bytes)
	elif $kind == "abort" then texts(["reason", "step"])
	elif $kind == "close" then has_only(["events", "outcome"]) and (.events | num) and (.outcome | str)
	else error("unknown kind of event") end;
def plan_shape:
	has_only(["afterwards", "ceremony", "cryptoperiodDays", "destination", "exceptions", "key", "minimumLifeMinutes", "original",
		"physicalSteps", "registerHead", "roster", "scheme", "shares", "title", "version", "wrapping"])
	and ([.afterwards, .ceremony, .original, .registerHead, .scheme, .title] | all(.[]; str))
	and ([.cryptoperiodDays, .minimumLifeMinutes, .version] | all(.[]; num))
	and (.destination | texts(["account", "cloud", "key", "region"]))
	and (.exceptions | list(texts(["reason", "rule"])))
	and (.key | texts(["label", "spec"]))
	and (.physicalSteps | list(texts(["actor", "after", "text", "watcher"])))
	and (.roster | list(texts(["id", "key", "name", "recipient", "role"]) and (.key | bytes)))
	and (.shares | has_only(["count", "threshold"]) and all(.[]; num))
	and (.wrapping | texts(["algorithm", "keySpec"]));
def moment:
	test("\\A2[0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\\z")
	and ([.[0:4], .[5:7], .[8:10], .[11:13], .[14:16], .[17:19] | tonumber] as [$y, $m, $d, $h, $min, $s] |
		(if $y % 400 == 0 or ($y % 4 == 0 and $y % 100 != 0) then 29 else 28 end) as $february |
		$m >= 1 and $m <= 12 and $d >= 1 and $d <= [31, $february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][$m - 1]
		and $h < 24 and $min < 60 and $s < 60);

# An envelope: its payload, read, and what must be verified about it.
def envelope($type; $what):
	need(utf8bytelength <= 1048576; $what + " is too large") | parse($what) |
	need(has_only(["payload", "payloadType", "signatures"]) and (.payload | bytes) and (.payloadType | str)
		and (.signatures | list(texts(["keyid", "sig"]) and (.sig | bytes))); $what + " is not an envelope") |
	need(.signatures | length >= 1 and length <= 64; $what + ": no signature, or more than 64") |
	need(.payloadType == $type; $what + " has another payload type") |
	(.payload | @base64d) as $p | need(($p | @base64) == .payload; $what + ": payload is not text") |
	{
		body: ($p | parse("the payload of " + $what)),
		ids: [.signatures[].keyid],
		checks: [.signatures[] | "S|\(.keyid)|\(.sig)|\($what)", "DSSEv1 \($type | utf8bytelength) \($type) \($p | utf8bytelength) \($p)"]
	};
def signed_by($known; $what):
	need(.ids | length == (unique | length); $what + ": a key signed twice") |
	need(all(.ids[]; . as $id | any($known[]; . == $id)); $what + ": signature by a key that should not");

def id_of($keys; $what): $keys[.] // error("invalid public key of " + $what);
def make_roster($keys):
	reduce .[] as $m ({};
		($m.key | id_of($keys; $m.id)) as $id |
		need($m.id != "" and $m.id != "recorder" and (.[$m.id] | not); "roster: an id is reserved or taken") |
		need(all(.[]; .id != $id); "roster: two members have one key") |
		need($m.role | role; "roster: unknown role") |
		.[$m.id] = {id: $id, role: $m.role, name: $m.name});

# The rules. State: what the events so far mean.
def free($action): any("confirm", "roll-call", "check", "login", "compare", "inventory", "parameters", "fingerprint", "hand-over", "close"; . == $action);
def granted($q): ($q.refused | not) and (($q.approved | length) >= .approvals or free($q.action));
def set_recorder($der; $keys):
	($der | id_of($keys; "the recorder")) as $id |
	need(all(.recorders[]; . != $id) and all(.roster[]; .id != $id); "the recorder's key is not a new one") |
	.recorder = $id | .recorders += [$id];
def question($of; $digest):
	need(.questions[$of | tostring] | . != null and .digest == $digest; "line \($of) is not the request meant") |
	need(.questions[$of | tostring].result == ""; "line \($of) has its result already") |
	need(.resume == 0 or .resume == $of; "before the resume of line \(.resume) has its approvals");
def timely($e):
	need(($e.kind == "open") == ($e.seq == 0); "the first line, and no other, opens") |
	need(.outcome == ""; "after the close") |
	need(.resume == 0 or any("approve", "refuse", "note", "resume"; . == $e.kind); "before the resume of line \(.resume) has its approvals") |
	need((.aborted and any("abort", "enrol"; . == $e.kind)) | not; "after the abort");
def entitled($e):
	(.roster[$e.by].role // "") as $role | .enrolled[$e.by] as $enrolled |
	need(
		if any("open", "request", "result", "resume", "abort", "close"; . == $e.kind) then $e.by == "recorder"
		elif $e.kind == "approve" then $role == "custodian" and $enrolled
		elif $e.kind == "refuse" then $e.by != "recorder" and $role != "hsm"
		elif $e.kind == "enrol" or $e.kind == "statement" then $e.by != "recorder"
		else true end; "not for this member to say");
def close($e):
	need($e.body.events == $e.seq + 1; "counts other events") |
	need($e.body.outcome == (if .aborted then "aborted" else "completed" end); "outcome") |
	if .aborted then . else
		need(all(.questions[]; .result != "" or .refused or free(.action)); "a request has no result") |
		[.questions[] | select(.result == "done") | .action] as $done |
		need(["generate", "split", "recover", "wrap", "export", "destroy"] - $done == []; "completed without a mandatory action")
	end | .outcome = $e.body.outcome;
def open($b; $keys):
	need($b.approvals >= 2; "fewer than two approvals") |
	need(($b.plan | hex) and ($b.planToken | empty_or_hex) and ($b.previous | empty_or_hex); "plan, planToken or previous is not a digest") |
	.roster = ($b.roster | make_roster($keys)) | set_recorder($b.recorder; $keys) |
	.approvals = $b.approvals | .plan = $b.plan;
def result($b):
	.questions[$b.of | tostring] as $q |
	need($q != null; "line \($b.of) is not a request") |
	need($q.result == ""; "line \($b.of) has its result already") |
	need($b.outcome == "done" or $b.outcome == "failed"; "outcome is neither done nor failed") |
	need($b.outcome == "failed" or granted($q); "done, though refused or short of approvals") |
	need($b.outcome == "failed" or (.aborted | not) or $q.action == "destroy"; "done after the abort") |
	.questions[$b.of | tostring].result = $b.outcome;
def approve($b; $by):
	question($b.of; $b.request) | ($b.of | tostring) as $of |
	need(all(.questions[$of].approved[]; . != $by); "approved before") |
	.questions[$of].approved += [$by] |
	if .resume == $b.of and granted(.questions[$of]) then .resume = 0 | .questions[$of].result = "done" else . end;
def resumed($e; $digest; $keys):
	need($e.body.head == $e.prev and ($e.body.torn | empty_or_hex); "resumes another journal") |
	set_recorder($e.body.recorder; $keys) |
	if .resume != 0 then .questions[.resume | tostring].result = "failed" else . end |
	.resume = $e.seq |
	.questions[$e.seq | tostring] = {action: "resume", digest: $digest, approved: [], refused: false, result: ""};
def apply($e; $digest; $keys):
	$e.body as $b | timely($e) | entitled($e) |
	if $e.kind == "open" then open($b; $keys)
	elif $e.kind == "enrol" then
		need($b.plan == .plan; "accepts another plan") | need(.enrolled[$e.by] | not; "enrolled before") | .enrolled[$e.by] = true
	elif $e.kind == "request" then
		need((.aborted | not) or $b.action == "destroy"; "after the abort") |
		.questions[$e.seq | tostring] = {action: $b.action, digest: $digest, approved: [], refused: false, result: ""}
	elif $e.kind == "approve" then approve($b; $e.by)
	elif $e.kind == "refuse" then question($b.of; $b.request) | .questions[$b.of | tostring].refused = true
	elif $e.kind == "result" then result($b)
	elif $e.kind == "resume" then resumed($e; $digest; $keys)
	elif $e.kind == "note" then need($b.class <= 3; "no such class")
	elif $e.kind == "statement" then need($b.head == $e.prev; "made over another journal")
	elif $e.kind == "abort" then .aborted = true
	else close($e) end;

# What a reader should know about an event.
def deviation:
	.body as $b |
	if .kind == "note" then "note, class \($b.class), step \($b.step): expected: \($b.expected); happened: \($b.happened); decided: \($b.decided)"
	elif .kind == "refuse" then "refused line \($b.of): \($b.reason)"
	elif .kind == "result" and $b.outcome == "failed" then "line \($b.of) failed: " + ([$b.values[] | .name + " " + .value] | join(", "))
	elif .kind == "statement" and ($b.agree | not) then "does not agree: " + $b.reason
	elif .kind == "resume" then "resumed after a crash, with a new recorder"
	elif .kind == "abort" then "aborted in step \($b.step): \($b.reason)"
	else empty end;

# One line of the journal: envelope, place in the chain, author, rules.
def line($n; $text; $digest; $type; $keys):
	($text | envelope($type; "line \($n)")) as $env | $env.body as $e |
	need($e | has_only(["body", "by", "ceremony", "kind", "prev", "seq", "time"]) and (.seq | num)
		and ([.by, .ceremony, .kind, .prev, .time] | all(.[]; str)); "not an event") |
	need($e.kind as $kind | $e.body | shape($kind); "invalid body") |
	need($e.time | moment; "invalid time") |
	need($e.seq == $n; "out of sequence") |
	need(($e.ceremony | hex) and (.ceremony == "" or .ceremony == $e.ceremony); "of another ceremony") |
	need(.time <= $e.time; "clock went backwards") |
	(if $e.kind == "open" or $e.kind == "resume" then need($e.by == "recorder"; "not by the recorder") | $e.body.recorder | id_of($keys; "the recorder")
		elif $e.by == "recorder" then .recorder
		else .roster[$e.by].id end) as $author |
	need($env.ids | length == 1; "not one signature") |
	need($author != null and $env.ids[0] == $author; "not signed by its author") |
	apply($e; $digest; $keys) |
	.ceremony = $e.ceremony | .time = $e.time | .seq = $n + 1 |
	.lines[$e.by][$e.kind] += 1 |
	.checks += $env.checks + ["P|\($n)|\($e.prev)"] | .deviations += [$e | deviation as $d | "D|line \(.seq), \(.by): \($d)"];

# Whose signatures are missing among those of $ids that pass.
def short($ids; $outcome; pass):
	[$ids[] | select(. != "recorder") | select(pass)] as $in | .roster as $r |
	([$in[] | select($r[.].role == "custodian")] | length) as $custodians |
	if $outcome == "aborted" then ([$in[] | select($r[.].role != "hsm")] | length) as $people |
		if $people < 2 then "two people (\($people))" else empty end
	else
		(if any($in[]; $r[.].role == "hsm") then empty else "the HSM" end),
		(if any($in[]; $r[.].role == "witness") then empty else "the witness" end),
		(if $custodians < 2 then "two custodians (\($custodians))" else empty end)
	end;
def subject_name: test("\\A[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*\\z");
def seal($prefix; $mode):
	.roster as $r | .recorder as $recorder |
	($seal | rtrimstr("\n") | envelope($prefix; "seal") | signed_by([$r[].id] + [$recorder]; "seal")) as $env | $env.body as $s |
	need($s | has_only(["_type", "predicate", "predicateType", "subject"])
		and (.predicate | has_only(["ceremony", "events", "mode", "outcome"]) and (.events | num) and (del(.events) | all(.[]; str)))
		and ._type == "https://in-toto.io/Statement/v1" and .predicateType == "https://keyrite.dev/transcript/v1"
		and (.subject | list(has_only(["digest", "name"]) and (.name | str) and (.digest | texts(["sha256"])))); "seal: not a statement about a transcript") |
	need($s.predicate.mode == $mode and ($s.predicate.ceremony | hex) and any("completed", "aborted"; . == $s.predicate.outcome); "seal: mode, ceremony or outcome") |
	need(all($s.subject[]; (.name | subject_name) and (.digest.sha256 | hex)); "seal: a subject's name or digest") |
	[$s.subject[].name] as $names |
	need(($names | length) == ($names | unique | length); "seal: a subject twice") |
	need(["journal.jsonl", "plan.dsse.json"] - $names == []; "seal: does not cover journal and plan") |
	.signers = [$env.ids[] as $id | if $id == $recorder then "recorder" else ($r | to_entries[] | select(.value.id == $id) | .key) end] |
	need(any(.signers[]; . == "recorder"); "seal: the recorder did not sign") |
	[short(.signers; $s.predicate.outcome; true)] as $missing |
	need($missing == []; "seal: not signed by " + ($missing | join(", nor by "))) |
	need(.outcome != ""; "seal: the journal was cut after it was sealed") |
	need($s.predicate.ceremony == .ceremony and $s.predicate.events == .seq and $s.predicate.outcome == .outcome; "seal: is of another ceremony") |
	.checks += $env.checks | .sealed = true | .subjects = $s.subject;

def start: {
	approvals: 0, plan: "", roster: {}, recorder: null, recorders: [], enrolled: {}, questions: {}, resume: 0, aborted: false, outcome: "",
	ceremony: "", time: "", seq: 0, checks: [], deviations: [], lines: {}, signers: [], subjects: [], sealed: false
};
def who($trusted; $id; $m):
	[
		(if $m.role == "officer" then "plan" else empty end),
		(if any(.signers[]; . == $id) then "seal" else empty end),
		(.lines[$id] // {} | to_entries[] | "\(.value) \(.key)")
	] as $signed |
	"G|" + (if $trusted[$m.id] == $m.role then "trusted  " elif $id == "recorder" then "-        " else "UNKNOWN  " end)
	+ "\($id) (\($m.role)) \($m.name): " + (if $signed == [] then "nothing" else $signed | join(", ") end) + "  " + $m.id;

def main:
	($keys | lines | map(split(" ") | {(.[0]): .[1]}) | add // {}) as $keys |
	$trusted[0] as $trusted |
	($journal | lines) as $lines | ($digests | lines) as $digests |
	($plan | rtrimstr("\n")) as $text |
	(if [$text | fromjson? | .payloadType?] == ["application/vnd.keyrite.plan.v1+json"] then {mode: "production", prefix: "", seal: "application/vnd.in-toto+json"}
		else {mode: "rehearsal", prefix: "rehearsal.", seal: "application/vnd.keyrite.rehearsal.in-toto+json"} end) as $mode |
	($text | envelope("application/vnd.keyrite." + $mode.prefix + "plan.v1+json"; "plan")) as $plan | $plan.body as $p |
	need($p | plan_shape; "plan: not a plan") |
	need($p.version == 1 and $p.ceremony == "key-import"; "plan: unknown version or ceremony") |
	[$p.roster[] | select(.role == "officer")] as $officers |
	need(($officers | length) == 1 and ($plan.ids | length) == 1; "plan: want one officer and one signature") |
	($p.roster | make_roster($keys)) as $roster |
	need($plan.ids[0] == $roster[$officers[0].id].id; "plan: not signed by its officer") |
	"application/vnd.keyrite.\($mode.prefix)event.v1+json" as $type |
	reduce range($lines | length) as $n (start;
		. as $state | try line($n; $lines[$n]; $digests[$n]; $type; $keys) catch error("line \($n): \(.)")) |
	need(.seq == 0 or .plan == $planDigest; "line 0: opened for another plan") |
	need(.seq == 0 or ($lines[0] | fromjson | .payload | @base64d | fromjson | .body.roster) == ($p.roster | map(del(.recipient)));
		"line 0: roster is not the plan's") |
	.roster = $roster | (if $seal == "" then . else seal($mode.seal; $mode.mode) end) |
	(def vouched: . as $id | $trusted[$roster[$id].id] == $roster[$id].role;
	$plan.checks[], .checks[],
	(.subjects[] | "U|\(.digest.sha256)|\(.name)"),
	.deviations[],
	(.signers[] | select(. != "recorder") | select(vouched | not) | "D|\(.) signed the seal, but is not on your list as \($roster[.].role)"),
	(if .seq > 0 then who($trusted; "recorder"; {id: .recorder, role: "recorder", name: ""}), ($p.roster[] as $m | who($trusted; $m.id; $roster[$m.id])) else empty end),
	(if $officers[0].id | vouched then empty else "L|the officer" end),
	(if .sealed then short(.signers; .outcome; vouched) | "L|" + . else empty end),
	"M|\($mode.mode)", "O|\(.outcome)", "N|\($p.title)", "C|\(.ceremony)",
	"R|" + (if .seq == 0 then "authenticated to no line" else "authenticated to line \(.seq - 1)" end),
	"E|");

try main catch ("F|" + (tostring | .[:300] | gsub(odd_characters; "?")))
JQ
jq -n -r -f "$t/fold.jq" --rawfile plan "$t/plan" --rawfile journal "$t/journal" --rawfile seal "$t/seal" \
	--rawfile digests "$t/digests" --rawfile keys "$t/keys" --slurpfile trusted "$t/trusted.json" \
	--arg planDigest "$(sha256sum "$t/plan" | cut -c 1-64)" >"$t/facts" 2>"$t/error" || invalid "jq failed: $(head -n 1 "$t/error")"

# 6. Signatures and chain.
# Not "openssl dgst -verify", which reads no more of a signature than the key can
# make, and so does not see bytes after it.
verified() {
	for pub in "$t/$1".*; do
		case $pub in
		*.ed25519) set -- ;;
		*.sha256) set -- -digest sha256 ;;
		*.sha384) set -- -digest sha384 ;;
		*) return 1 ;;
		esac
		openssl pkeyutl -verify -pubin -inkey "$pub" -rawin "$@" -in "$t/pae" -sigfile "$t/sig" >/dev/null 2>&1
		return
	done
}
mode='' outcome='' reach='' title='' ceremony='' end='' lacks=''
: >"$t/deviations"
: >"$t/who"
: >"$t/subjects"
while IFS= read -r fact; do
	rest=${fact#??}
	case $fact in
	'S|'*)
		id=${rest%%|*} rest=${rest#*|}
		IFS= read -r pae || invalid "the facts are cut"
		printf %s "$pae" >"$t/pae"
		printf %s "${rest%%|*}" | base64 -d >"$t/sig"
		verified "$id" || invalid "${rest#*|}: bad signature by key $id"
		;;
	'P|'*)
		sum=$(head -n "${rest%%|*}" "$t/journal" | sha256sum)
		[ "${sum%% *}" = "${rest#*|}" ] || invalid "line ${rest%%|*}: does not continue the lines before it"
		;;
	'U|'*) printf '%s %s\n' "${rest%%|*}" "${rest#*|}" >>"$t/subjects" ;;
	'D|'*) printf '  %s\n' "$rest" >>"$t/deviations" ;;
	'G|'*) printf '  %s\n' "$rest" >>"$t/who" ;;
	'L|'*) lacks="${lacks:+$lacks, nor for }$rest" ;;
	'M|'*) mode=$rest ;;
	'O|'*) outcome=$rest ;;
	'N|'*) title=$rest ;;
	'C|'*) ceremony=$rest ;;
	'R|'*) reach=$rest ;;
	'F|'*) invalid "$rest" ;;
	'E|') end=yes ;;
	esac
done <"$t/facts"
[ "$end" = yes ] || invalid "the facts are cut"

# 7. The files that the seal covers.
while read -r sum name; do
	if [ ! -e "$dir/$name" ]; then
		case $name in journal.jsonl | plan.dsse.json) invalid "$name is missing" ;; esac
		printf '  sealed, but not here: %s\n' "$name" >>"$t/deviations"
		continue
	fi
	is_plain "$name" || invalid "seal: $name is not a plain file"
	[ "$(sha256sum <"$dir/$name" | cut -c 1-64)" = "$sum" ] || invalid "seal: $name is not the file that was sealed"
done <"$t/subjects"

# 8. The verdict.
code=0
if [ -n "$production" ] && [ "$mode" != production ]; then
	code=1 verdict='REHEARSAL: not valid in production'
elif [ ! -e "$dir/seal.json" ]; then
	code=3 verdict="NOT VALID: unfinished, $reach"
	if [ "$torn" -gt 0 ]; then verdict="$verdict, then $torn bytes of a torn line"; elif [ -n "$outcome" ]; then verdict="$verdict, closed but not sealed"; fi
	[ -z "$lacks" ] || printf '  your list does not vouch for %s\n' "$lacks" >>"$t/deviations"
elif [ -n "$lacks" ]; then
	code=4 verdict="NOT VALID: intact, but your list does not vouch for $lacks"
else
	case $mode:$outcome in
	rehearsal:aborted) verdict='REHEARSAL, ABORTED' ;;
	rehearsal:*) verdict=REHEARSAL ;;
	*:aborted) verdict=ABORTED ;;
	*) verdict=VALID ;;
	esac
	verdict="$verdict: sealed after $lines lines, intact, and signed by keys on your list"
fi
printf '%s\n\n%s\n%s, ceremony %s\nSHA-256 of journal.jsonl: %s\n' "$verdict" "$title" "$mode" "${ceremony:-none}" "$(sha256sum "$t/journal" | cut -c 1-64)"
printf '\nDeviations:\n'
if [ -s "$t/deviations" ]; then cat "$t/deviations"; else printf '  none\n'; fi
printf '\nWho signed what:\n'
cat "$t/who"
exit "$code"
