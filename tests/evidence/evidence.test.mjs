// Evidence seen from outside: fifty bundles before two verifiers that share no code; consent records before a JSON-LD
// processor and a JSON Schema validator of others. make evidence
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, test } from "node:test";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import jsonld from "jsonld";

const BUILD = resolve(process.env.BUILD ?? "build");
const JAWORT = join(BUILD, "jawort");
const folder = mkdtempSync(join(tmpdir(), "evidence-"));
const site = execFileSync(join(BUILD, "evidence/forge"), [folder, "keep"], { encoding: "utf8" }).trim();
assert.match(site, /jawort-test-/);
after(() => [folder, site].forEach((f) => rmSync(f, { recursive: true })));

const files = readdirSync(folder).filter((f) => f.endsWith(".json")).sort();
const keys = join(folder, "keys.txt");
const bundle = (name) => JSON.parse(readFileSync(join(folder, name), "utf8")).bundle;

// Nothing but the binary: no configuration, no home, no network needed.
const ours = (file, ...more) => spawnSync(JAWORT, ["verify", file, ...more],
	{ cwd: folder, env: { LANG: "C" }, encoding: "utf8" });
const python = (file, ...more) => spawnSync("python3", ["-I", resolve("contrib/verify.py"), file, ...more],
	{ cwd: folder, encoding: "utf8" });

test("two verifiers agree on fifty bundles, ten of them forged", () => {
	assert.equal(files.length, 50);
	assert.equal(files.filter((f) => f.startsWith("forged-")).length, 10);
	for (const f of files) {
		const want = f.startsWith("forged-") ? 3 : 0;
		const a = ours(f, "--key", "keys.txt"), b = python(f, "keys.txt");
		assert.equal(a.status, want, `${f}: jawort says ${a.status}\n${a.stdout}${a.stderr}`);
		assert.equal(b.status, want, `${f}: verify.py says ${b.status}\n${b.stdout}${b.stderr}`);
		if (want)
			assert.match(a.stdout, /^\/(bundle|signature)/m, "a place as JSON Pointer");
	}
});

// Files of the first release: whoever has one in a drawer must be able to check it with either program, for ever.
test("they agree on the frozen bundles of format 1", () => {
	const names = readdirSync("tests/golden/bundle").filter((f) => f.endsWith(".json"));
	assert.equal(names.length, 5);
	for (const f of names) {
		const path = resolve("tests/golden/bundle", f), key = resolve("tests/golden/bundle/v1.keys.txt");
		const want = f.includes("forged") ? 3 : 0;
		assert.equal(ours(path, "--key", key).status, want, f);
		assert.equal(python(path, key).status, want, f);
	}
});

// Small files made to be odd; what one of them lets pass and the other not is a hole in the page that both follow.
test("they agree on the seeds of the fuzzer as well", () => {
	for (const f of readdirSync("tests/fuzz/corpus/bundle")) {
		const path = resolve("tests/fuzz/corpus/bundle", f);
		assert.equal(ours(path).status, python(path).status, f);
	}
});

test("a place is a JSON Pointer into the file", () => {
	for (const f of files.filter((n) => n.startsWith("forged-"))) {
		const r = JSON.parse(ours(f, "--key", "keys.txt", "--json").stdout);
		assert.equal(r.ok, false);
		for (const fault of r.faults) {
			let at = JSON.parse(readFileSync(join(folder, f), "utf8"));
			for (const step of fault.place.split("/").slice(1)) {
				assert.ok(at !== undefined && at !== null, `${f}: ${fault.place}`);
				at = at[step];
			}
			assert.notEqual(at, undefined, `${f}: ${fault.place}`);
		}
	}
});

test("without a key the report says that it proves nothing about who", () => {
	const de = ours("good-01.json", "--lang", "de"), en = ours("good-01.json", "--lang", "en");
	assert.equal(de.status, 0);
	assert.match(en.stdout.replace(/\s+/g, " "), /proves nothing about who made it/);
	assert.match(de.stdout.replace(/\s+/g, " "), /beweist nicht, von wem sie ist/);
	assert.doesNotMatch(ours("good-01.json", "--key", keys, "--lang", "en").stdout, /proves nothing/);
	assert.equal(ours("good-01.json", "--key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").status, 3);
	assert.equal(ours("good-01.json", "--key", "nonsense").status, 1);
	assert.equal(ours("none.json").status, 1);
});

test("saved anew by another program a bundle is refused, and told why", () => {
	writeFileSync(join(folder, "anew.txt"), JSON.stringify(JSON.parse(readFileSync(join(folder, "good-02.json"))), null, 2));
	const a = ours("anew.txt", "--lang", "en");
	assert.equal(a.status, 3);
	assert.match(a.stdout.replace(/\s+/g, " "), /saved anew by another program/);
	assert.equal(python("anew.txt").status, 3);
});

test("a forged file cannot write on the terminal", () => {
	const text = readFileSync(join(folder, "good-01.json"), "utf8");
	writeFileSync(join(folder, "escape.txt"), text.replace('"controller":', '"\\u001b[2J\\n\\u202e":1,"controller":'));
	for (const r of [ours("escape.txt"), python("escape.txt")]) {
		assert.equal(r.status, 3);
		assert.match(r.stdout, /\?\[2J/);
		assert.doesNotMatch(r.stdout, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
	}
});

test("no token and no slot value in the clear", () => {
	for (const f of files)
		assert.doesNotMatch(readFileSync(join(folder, f), "utf8"), /\/(c|u|my)\/[A-Za-z0-9_-]{43}/, f);
});

// ---- consent records

const schema = JSON.parse(execFileSync(JAWORT, ["export", "27560", "--schema"]));
const context = JSON.parse(execFileSync(JAWORT, ["export", "27560", "--context"]));
const known = new Set(readFileSync("tests/evidence/dpv-terms.txt", "utf8").split("\n").filter((l) => l && l[0] !== "#"));
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats(ajv);
const valid = ajv.compile(schema);

test("records are valid after our JSON Schema", () => {
	for (const f of files.filter((n) => n.startsWith("good-"))) {
		assert.ok(valid(bundle(f).records), `${f}: ${ajv.errorsText(valid.errors).slice(0, 600)}`);
	}
});

test("a complaint is not made on our page: the notice names the authority", () => {
	const record = bundle("good-01.json").records["@graph"].find((x) => x["@type"] === "dpv:ConsentRecord");
	const at = Object.fromEntries(record["dpv:hasRight"].map((r) => [r["@type"][1], r["dpv:isExercisedAt"].replace(/.*\/j\//, "")]));
	assert.equal(at["eu-gdpr:A77"], "n");
	assert.equal(at["eu-gdpr:A13"], "n");
	assert.equal(at["eu-gdpr:A17"], "my");
});

// A schema that lets everything pass proves nothing: every member taken away or altered must be seen.
test("the schema refuses what is not a record", () => {
	const good = bundle("good-04.json").records, at = good["@graph"].findIndex((x) => x["@type"] === "dpv:ConsentRecord");
	let seen = 0;
	for (const key of Object.keys(good["@graph"][at])) {
		for (const change of ["gone", "wrong"]) {
			const copy = structuredClone(good);
			if (change === "gone")
				delete copy["@graph"][at][key];
			else
				copy["@graph"][at][key] = 5;
			assert.equal(valid(copy), false, `${key} ${change}`);
			seen++;
		}
	}
	const more = structuredClone(good);
	more["@graph"][at]["dpv:hasSomething"] = "x";
	assert.equal(valid(more), false);
	assert.ok(seen > 20);
});

const loader = () => { throw new Error("no document may be fetched"); };
const names = { dpv: "https://w3id.org/dpv#", pd: "https://w3id.org/dpv/pd#", loc: "https://w3id.org/dpv/loc#",
	"eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#", "legal-eu": "https://w3id.org/dpv/legal/eu#" };

function iris(x, out) {
	if (Array.isArray(x))
		x.forEach((y) => iris(y, out));
	else if (x && typeof x === "object")
		for (const [k, v] of Object.entries(x)) {
			if (!k.startsWith("@"))
				out.add(k);
			if (k === "@id" || k === "@type")
				[v].flat().forEach((i) => out.add(i));
			iris(v, out);
		}
}

test("JSON-LD: expanded without loss, every term is one of DPV 2.3", async () => {
	const used = new Set();
	for (const f of files.filter((n) => n.startsWith("good-"))) {
		const records = bundle(f).records;
		assert.deepEqual(records["@context"], context["@context"]);
		const all = new Set();
		iris(await jsonld.expand(records, { safe: true, documentLoader: loader }), all);
		for (const iri of all) {
			assert.match(iri, /^[a-z][a-z0-9+.-]*:/, `${f}: ${iri} is no IRI`);
			for (const [prefix, base] of Object.entries(names))
				if (iri.startsWith(base) && !/^[a-z/]*#/.test(iri.slice(base.length))) {
					const term = `${prefix}:${iri.slice(base.length)}`;
					assert.ok(known.has(term), `${f}: ${term} is no term of DPV 2.3`);
					used.add(term);
				}
		}
	}
	assert.ok(used.size > 40, `${used.size} terms`);
	assert.ok(used.has("dpv:ConsentWithdrawn") && used.has("dpv:RenewedConsentGiven") === false);
});

test("a term that is none is found", async () => {
	const records = structuredClone(bundle("good-01.json").records);
	records["@graph"][0].hasNoPrefix = "x";
	await assert.rejects(jsonld.expand(records, { safe: true, documentLoader: loader }));
});

test("records become RDF, and states hang on their record", async () => {
	const quads = await jsonld.toRDF(bundle("good-03.json").records, { documentLoader: loader, safe: true });
	const states = quads.filter((q) => q.predicate.value === names.dpv + "hasConsentStatus");
	assert.equal(states.length, 5);
});

// ---- as an owner does it

const owner = (...words) => spawnSync(JAWORT, [...words, "-c", join(site, "jawort.yaml")], { encoding: "utf8" });

test("an owner: a bundle checked elsewhere with binary and key, a byte changed and caught", () => {
	const file = join(folder, "p3.txt"), pub = join(folder, "pub.txt");
	writeFileSync(pub, owner("key", "show-public").stdout);
	assert.equal(owner("person", "evidence", "person3@example.org", "--as", "bundle", "-o", file).status, 0);
	assert.equal(statSync(file).mode & 0o777, 0o600);
	assert.equal(ours(file, "--key", pub).status, 0);
	assert.equal(python(file, pub).status, 0);
	const bytes = readFileSync(file);
	bytes[bytes.length >> 1] ^= 1;
	writeFileSync(file, bytes);
	assert.equal(ours(file, "--key", pub).status, 3);
	assert.equal(owner("person", "evidence", "nobody@example.org", "--as", "bundle").status, 1);
});

test("exports: into a file of the owner's alone, and valid", async () => {
	const file = join(folder, "records.jsonld");
	assert.equal(owner("export", "27560", "-o", file).status, 0);
	assert.equal(statSync(file).mode & 0o777, 0o600);
	const records = JSON.parse(readFileSync(file, "utf8"));
	assert.ok(valid(records), ajv.errorsText(valid.errors).slice(0, 600));
	await jsonld.expand(records, { safe: true, documentLoader: loader });
	const list = JSON.parse(owner("export", "json").stdout);
	assert.ok(list.length > 10);
	assert.equal(owner("export", "csv").stdout.trim().split("\r\n").length, list.length + 1);
	assert.equal(owner("export", "xml").status, 2);
	assert.equal(owner("export", "csv", "--schema").status, 2);
});

test("a whole site: in order, then one row changed and found, and status says what the worker saw", () => {
	const good = owner("verify", "--lang", "en");
	assert.equal(good.status, 0, good.stdout + good.stderr);
	assert.match(owner("verify", "--lang", "de").stdout, /in Ordnung/);
	assert.equal(JSON.parse(owner("verify", "--deep", "--json").stdout).fault_count, 0);
	assert.equal(owner("worker", "--once").status, 0);
	assert.match(owner("status").stdout, /20 proofs and 20 sheets at random are good/);
	// Half of all events, so that a look at twenty is sure to meet one.
	execFileSync("python3", ["-c", `import glob, sqlite3
db = sqlite3.connect(glob.glob("${site}/data/*/data.db")[0])
db.execute("DROP TRIGGER event_update")
db.execute("UPDATE event SET c_core = zeroblob(32) WHERE seq % 2 = 1")
db.execute("DELETE FROM meta WHERE k = 'selftest'")
db.commit()`]);
	const bad = owner("verify", "--lang", "en");
	assert.equal(bad.status, 3);
	assert.match(bad.stdout, /Event 1 was changed/);
	owner("worker", "--once");
	const status = owner("status");
	assert.match(status.stdout, /EVIDENCE IS DAMAGED: \d+ of 20 proofs/);
	assert.equal(status.status, 3);
	assert.ok(JSON.parse(owner("status", "--json").stdout).sites[0].selftest.proofs_bad > 0);
});
