/**
 * Where bytes may be said to lie. Countries are ISO 3166-1 alpha-2; a jurisdiction is a set of them. Sets are closed
 * on purpose: a territory that is not named (Åland, Guadeloupe, Jersey, ...) is not admitted by the larger name, so
 * that nobody relies on a legal reading that the operator did not make.
 */
const EU_MEMBERS = 'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK'.split(' ');

const ISO_COUNTRIES: ReadonlySet<string> = new Set(
  (
    'AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ ' +
    'CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO ' +
    'FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE ' +
    'JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO ' +
    'MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW ' +
    'PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM ' +
    'TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW'
  ).split(' '),
);

/**
 * `EU` as a country says: somewhere in the Union, no single member is pinned. It belongs to whatever holds every
 * member, and to no single country.
 */
export const UNPINNED_EU = 'EU';

/** Names of more than one country, or that differ from the country's code. Every country names itself besides. */
const JURISDICTIONS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['EU', new Set([...EU_MEMBERS, UNPINNED_EU])],
  ['EEA', new Set([...EU_MEMBERS, UNPINNED_EU, 'IS', 'LI', 'NO'])],
  ['UK', new Set(['GB'])],
]);

export const JURISDICTION_NAMES: readonly string[] = [...JURISDICTIONS.keys()];

/** True for an assigned ISO 3166-1 alpha-2 code in upper case. */
export function isCountry(code: string): boolean {
  return ISO_COUNTRIES.has(code);
}

/** True for what a residency list may name: a jurisdiction or a country. */
export function isPlace(code: string): boolean {
  return JURISDICTIONS.has(code) || ISO_COUNTRIES.has(code);
}

/** The countries of a place; `EU` among them when it holds the whole Union. Unknown names have none. */
export function countriesOf(place: string): readonly string[] {
  const members = JURISDICTIONS.get(place);
  return members === undefined ? (ISO_COUNTRIES.has(place) ? [place] : []) : [...members];
}

/** True when everything in `country` lies in `place`. Unknown codes on either side: false. */
export function liesIn(country: string, place: string): boolean {
  const members = JURISDICTIONS.get(place);
  return members === undefined ? country === place && ISO_COUNTRIES.has(country) : members.has(country);
}

/** True unless it is certain that nothing in `country` lies in `place`: what a deny rule must ask. */
export function mayLieIn(country: string, place: string): boolean {
  if (liesIn(country, place)) return true;
  if (country !== UNPINNED_EU) return !ISO_COUNTRIES.has(country);
  const members = JURISDICTIONS.get(place);
  return members === undefined ? EU_MEMBERS.includes(place) : EU_MEMBERS.some((member) => members.has(member));
}

/** The codes that backends and people use for one country, as one: `UK` is the jurisdiction of `GB`. */
export function asCountry(code: string): string {
  return code === 'UK' ? 'GB' : code;
}
