// Shows /openapi.json on the page /docs. Swagger UI has a dark look, but does not follow the system's setting by itself.
const dark = matchMedia('(prefers-color-scheme: dark)');
const followSystem = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', followSystem);
followSystem();

SwaggerUIBundle({
  dom_id: '#docs',
  url: 'openapi.json',
  deepLinking: true,
  validatorUrl: null,
  defaultModelRendering: 'model',
  defaultModelExpandDepth: 3,
  // The page only describes: it sends no request, and asks for no secret.
  supportedSubmitMethods: [],
  plugins: [
    () => ({
      wrapComponents: {
        authorizeBtn: () => () => null,
        authorizeOperationBtn:
          (_, { React }) =>
          () =>
            React.createElement('code', null, 'Bearer'),
      },
    }),
  ],
});
