// `report.mjs NAME FOLDER MINIMUM`: what a run of the suite left behind, as lines. Fails when anything failed or was warned
// about, or when fewer scenarios were run than there are.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const [name, folder, minimum] = process.argv.slice(2);
let wrong = 0;
let scenarios = 0;
let checks = 0;
for (const entry of readdirSync(folder).sort()) {
  const results = JSON.parse(readFileSync(join(folder, entry, 'checks.json'), 'utf8'));
  const scenario = entry.replace(/^server-/, '').replace(/-\d{4}-\d\d-\d\dT.*$/, '');
  scenarios += 1;
  for (const { id, status, errorMessage } of results) {
    if (status === 'SUCCESS') checks += 1;
    if (status !== 'FAILURE' && status !== 'WARNING') continue;
    wrong += 1;
    console.log(`FAIL ${name} · ${scenario} · ${id}: ${errorMessage ?? status}`);
  }
}
if (scenarios < Number(minimum)) {
  wrong += 1;
  console.log(`FAIL ${name} · only ${scenarios} of ${minimum} scenarios were run`);
}
if (wrong === 0) console.log(`ok   ${name} · ${scenarios} scenarios, ${checks} checks`);
process.exit(wrong === 0 ? 0 : 1);
