"use strict";

// A file of its own: the site's content security policy runs no script that stands in a page.
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#documentation",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
});
