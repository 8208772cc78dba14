import { type ApiCode, ERRORS } from '../../service/errors.ts';
import {
  FORWARDING_DROP_IN,
  HEALTH_PORT,
  HOLDING_DROP_IN,
  LEAVING_FILE,
  ORIGIN_CERTIFICATE,
  SERVICE_ADDRESS,
} from './paths.ts';
import type { Site } from './site.ts';

/**
 * What the caller did, by the text of Caddy's error: Caddy gives 502 or 504 to every failure between the caller and the service. An error of the
 * body begins with nothing else, or with `readfrom` and the connection to the service, into which the body was being copied.
 */
const CALLERS_FAULTS = [
  ['BODY_TOO_LARGE', 'http: request body too large$'],
  ['REQUEST_TIMEOUT', '^(readfrom [^ ]+ [^ ]+: )?read tcp [^ ]+: i/o timeout$'],
  [
    'REQUEST_BROKEN',
    '^(readfrom [^ ]+ [^ ]+: )?(unexpected EOF|invalid byte in chunk length|malformed chunked encoding|http chunk length too large|request declared a Content-Length of .*)$',
  ],
] as const satisfies readonly (readonly [ApiCode, string])[];

function renderFault([code, pattern]: (typeof CALLERS_FAULTS)[number]): string {
  return `		@${code} expression \`{http.error.message}.matches("${pattern}")\`
		handle @${code} {
			${renderError(code)}
		}
`;
}

/** Answers as the service itself refuses a request. */
function renderError(code: (typeof CALLERS_FAULTS)[number][0] | 'UNAVAILABLE' | 'WRONG_HOST'): string {
  const { status, message } = ERRORS[code];
  return `respond \`${JSON.stringify({ error: { code, message } })}\` ${status}`;
}

/**
 * TLS in front of the service. Each request has its own connection to the service (loopback, tens of microseconds), so a restarting service closes
 * none under a request. While no process listens, Caddy tries again for `lb_try_duration`, then answers 503: Cloudflare passes that on, but
 * replaces a 502 by its own page. Caddy does not repeat a request with a body: Caddy 2.6 has lost the body by then, and with `buffer_requests` it
 * sent one request the body of another in a test. This is the second safety net: systemd holds the socket, so normally a process listens.
 * After a hand-over, and while the host leaves its load balancer, each response closes its connection: when the address moves, no caller has a connection to this host.
 * Throws TypeError for an invalid domain, network or address.
 */
export function renderCaddy(site: Site): string {
  const domain = matching(site.domain, /^(?!-)[a-z0-9-]+(\.[a-z0-9-]+)*$/, 'domain');
  const networks = site.trustedProxies.map((network) =>
    matching(network, /^[0-9a-f.:]+\/\d{1,3}$/, 'network'),
  );
  const email = site.acmeEmail && matching(site.acmeEmail, /^[^\s{}"@]+@[^\s{}"@]+$/, 'address');
  const tls = site.proxied ? `	tls ${ORIGIN_CERTIFICATE} ${ORIGIN_CERTIFICATE}\n` : '';
  return `{
	admin unix//run/caddy/admin.sock
	grace_period 10s
${email ? `	email ${email}\n` : ''}	servers {
		protocols h1 h2
		timeouts {
			read_header 10s
			read_body 30s
			idle 2m
		}
		max_header_size 16KB
	}
}

${domain} {
${tls}	header {
		Strict-Transport-Security "max-age=31536000"
		X-Content-Type-Options nosniff
		?Referrer-Policy no-referrer
		-Server
	}
	@leaving file {
		root /
		try_files ${HOLDING_DROP_IN} ${FORWARDING_DROP_IN}${site.balanced ? ` ${LEAVING_FILE}` : ''}
	}
	header @leaving Connection close
	log {
		output stderr
		format filter {
			wrap json
			fields {
				request>uri regexp "\\?.*" ""
				request>headers delete
				request>tls delete
				resp_headers delete
			}
		}
	}
	request_body {
		max_size 1MB
	}
	@page not path /events
	encode @page zstd gzip
	reverse_proxy ${SERVICE_ADDRESS} {
		lb_try_duration 20s
		lb_try_interval 100ms
		flush_interval -1
${networks.length > 0 ? `		trusted_proxies ${networks.join(' ')}\n` : ''}		header_up X-Real-IP ${site.proxied ? '{http.request.header.CF-Connecting-IP}' : '{remote_host}'}
		transport http {
			dial_timeout 2s
			keepalive off
		}
	}
	handle_errors {
		header Content-Type application/json
${CALLERS_FAULTS.map(renderFault).join('')}		@down expression {http.error.status_code} >= 502
		handle @down {
			header Retry-After 30
			${renderError('UNAVAILABLE')}
		}
	}
}

https:// {
${tls}	header {
		Content-Type application/json
		-Server
	}
	${renderError('WRONG_HOST')}
}
${site.balanced ? renderHealthCheck() : ''}`;
}

/** The load balancer's health check. It asks by the host's private address, on a port that the cloud's firewall opens for it alone. */
function renderHealthCheck(): string {
  return `
http://:${HEALTH_PORT} {
	@leaving file {
		root /
		try_files ${LEAVING_FILE}
	}
	route {
		respond @leaving 503
		reverse_proxy /health/host ${SERVICE_ADDRESS}
		respond 404
	}
}
`;
}

function matching(text: string, pattern: RegExp, what: string): string {
  if (!pattern.test(text)) throw new TypeError(`not a ${what}: ${text}`);
  return text;
}

/** Caddy's drop-in: the folder of its admin socket, time to end running requests, and a restart after any end. */
export function renderCaddyUnit(): string {
  return `[Unit]
StartLimitIntervalSec=0

[Service]
RuntimeDirectory=caddy
RuntimeDirectoryMode=0700
RuntimeDirectoryPreserve=restart
Restart=always
RestartSec=1
TimeoutStopSec=15
OOMScoreAdjust=-500
`;
}
