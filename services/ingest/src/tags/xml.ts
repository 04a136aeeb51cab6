/**
 * Escaping for XML 1.0. Own code: the libraries for it (`entities`, `xml-escape`) escape characters, but keep those that no XML
 * document may contain, such as U+0000 and half of a surrogate pair. Builders (`xmlbuilder2`, `fast-xml-builder`) make a tree per
 * document, where a response is joined from texts that are made once.
 */

/** All characters but those of XML 1.0. */
const NOT_IN_XML = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;
const SPECIAL = /[&<>"'\t\n\r]/g;
const REFERENCES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const NOT_IN_URLS = /[^!#-;=?-[\]_a-z~]+/gu;

/**
 * A text for the content of an element, or for an attribute in quotes, in XML and HTML. Tabs and line breaks stay what they are in
 * both. Characters that XML does not allow become U+FFFD.
 */
export function escapeXml(text: string): string {
  return text
    .replaceAll(NOT_IN_XML, '\ufffd')
    .replaceAll(SPECIAL, (character) => REFERENCES[character] ?? `&#${character.charCodeAt(0)};`);
}

/**
 * A URL as a CDATA section: the form that all players accept. Characters that no URL may contain are percent-encoded, `>` among
 * them, so the section cannot end early. Brackets stay: players replace `[NAME]` by a value.
 */
export function cdataUrl(url: string): string {
  return `<![CDATA[${url.trim().replaceAll(NOT_IN_URLS, percentEncode)}]]>`;
}

/** `encodeURIComponent`, which throws at half of a surrogate pair: it becomes U+FFFD. */
export const percentEncode = (text: string): string => encodeURIComponent(text.replaceAll(/\p{Cs}/gu, '\ufffd'));
