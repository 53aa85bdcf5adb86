// The fields of the customer record as the OpenAPI document declares them; nothing is typed twice.

import { Problem } from "./problems.js";

const HERE = "/openapi.json"; // published beside the page
const ID = "customer_id";

/**
 * The document: {fields, examples, upload}. A field is {name, label, unit, hint, required, minimum, maximum,
 * maxLength, options}; `options` are the words it may be, null for a number. Examples are
 * [{name, summary, record}]. `upload` is {pattern, longest, largest}: how the name of a file may be
 * that is to be scored, how many characters it has at most, and how many bytes the file.
 */
export async function loadContract() {
  const response = await fetch(HERE).catch(() => null);
  if (!response?.ok) {
    throw new Problem(navigator.onLine ? "unreachable" : "offline");
  }
  return read(await response.json());
}

/** The contract in an OpenAPI document. */
export function read(document) {
  const { schemas, examples } = document.components;
  const record = schemas.CustomerRecord;
  const required = new Set(record.required);
  const body = document.paths["/predict/comprehensive"].post.requestBody.content["application/json"];
  const names = [...record.required, ...Object.keys(record.properties).filter((name) => !required.has(name))];
  return {
    fields: names.map((name) => field(name, record.properties[name], required.has(name))),
    examples: Object.entries(body.examples).map(([name, said]) => {
      const example = said.$ref ? examples[said.$ref.split("/").at(-1)] : said;
      return { name, summary: example.summary, record: example.value };
    }),
    upload: uploadOf(schemas.UploadRequest.properties),
  };
}

function uploadOf({ file_name: name, size }) {
  const { maximum } = size.anyOf.find((each) => each.type !== "null");
  return { pattern: name.pattern, longest: name.maxLength, largest: maximum };
}

function field(name, declared, required) {
  const schema = declared.anyOf?.find((each) => each.type !== "null") ?? declared;
  return {
    name,
    label: declared.title,
    unit: declared["x-unit"] ?? null,
    hint: declared.description,
    required,
    minimum: schema.minimum ?? null,
    maximum: schema.maximum ?? null,
    maxLength: schema.maxLength ?? null,
    options: schema.enum ?? null,
    text: schema.type === "string" && !schema.enum,
    isId: name === ID,
  };
}
