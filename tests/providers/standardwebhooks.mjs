// SPDX-License-Identifier: Apache-2.0
// Reads deliveries as JSON from standard input and verifies each as a receiver would: `v1` with npm's `standardwebhooks`,
// `v1a` with Node's own Ed25519. What was tampered with has to be refused. Prints what was verified.
// [{name, scheme, keys: [text...], headers, body}]; each of `keys` has to verify it.
import { createPublicKey, verify } from "node:crypto";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(process.argv[2]); // A file beside node_modules.
const { Webhook } = require("standardwebhooks");

function verified(delivery, key) {
    try {
        if (delivery.scheme === "v1") {
            new Webhook(key).verify(delivery.body, delivery.headers);
            return true;
        }
        const raw = Buffer.from(key.replace(/^whpk_/, ""), "base64");
        const der = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), raw]);
        const publicKey = createPublicKey({ key: der, format: "der", type: "spki" });
        const { "webhook-id": id, "webhook-timestamp": time, "webhook-signature": signatures } = delivery.headers;
        const message = Buffer.from(`${id}.${time}.${delivery.body}`);
        return signatures.split(" ").some((each) => {
            const [version, text] = each.split(",");
            return version === "v1a" && verify(null, message, publicKey, Buffer.from(text, "base64"));
        });
    } catch (failure) {
        return false;
    }
}

let checks = 0;
const failures = [];
function expect(what, wanted, found) {
    checks += 1;
    if (wanted !== found) {
        failures.push(what);
    }
}

for (const delivery of JSON.parse(readFileSync(0, "utf8"))) {
    for (const [number, key] of delivery.keys.entries()) {
        expect(`${delivery.name}: key ${number} verifies`, true, verified(delivery, key));
        const later = String(Number(delivery.headers["webhook-timestamp"]) + 1);
        const changed = {
            "another body": { ...delivery, body: delivery.body + " " },
            "another id": { ...delivery, headers: { ...delivery.headers, "webhook-id": "evt_0" } },
            "another time": { ...delivery, headers: { ...delivery.headers, "webhook-timestamp": later } },
        };
        for (const [what, forged] of Object.entries(changed)) {
            expect(`${delivery.name}: key ${number} refuses ${what}`, false, verified(forged, key));
        }
    }
    for (const key of delivery.foreign) {
        expect(`${delivery.name}: a foreign key does not verify it`, false, verified(delivery, key));
    }
}
const { version } = require("standardwebhooks/package.json");
for (const failure of failures) {
    console.log(`FAILED ${failure}`);
}
console.log(`standardwebhooks ${version}: ${checks - failures.length} checks passed, ${failures.length} failed`);
process.exit(failures.length === 0 && checks > 0 ? 0 : 1);
