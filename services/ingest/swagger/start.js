/* global SwaggerUIBundle */

SwaggerUIBundle({
  // Relative, so that the page works below /api/v1 too.
  url: 'doc.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  displayRequestDuration: true,
  // By default the page sends the address of the document to a validator on the internet.
  validatorUrl: null,
});
