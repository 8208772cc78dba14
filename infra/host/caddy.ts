import type { ApiCode } from '../../service/errors.ts';
import { FORWARDING_DROP_IN, HOLDING_DROP_IN, ORIGIN_CERTIFICATE, SERVICE_ADDRESS } from './paths.ts';
import type { Site } from './site.ts';

/** The error code that callers get while the service itself can't answer. */
const UNREACHABLE: ApiCode = 'UNAVAILABLE';

/**
 * TLS in front of the service. Every request gets a connection of its own to it (loopback, tens of microseconds), so none is sent down a
 * connection that a restarting service is closing; while nothing listens, Caddy tries again for as long as `lb_try_duration`,
 * and then says 503, which Cloudflare passes on where it puts a page of its own in place of a 502. A request with a body is not tried
 * again: Caddy 2.6 has lost the body by then, and with `buffer_requests` it was seen to send one request the body of another. That net
 * is the second one: systemd holds the socket, so something listens.
 * Once the host is handed over, every answer is the last of its connection: by the time the address moves, no caller has one left to
 * this host, on which his next request would end.
 * Throws TypeError for a domain, network or address that is none.
 */
export function renderCaddy(site: Site): string {
  const domain = matching(site.domain, /^(?!-)[a-z0-9-]+(\.[a-z0-9-]+)*$/, 'domain');
  const networks = site.trustedProxies.map((network) =>
    matching(network, /^[0-9a-f.:]+\/\d{1,3}$/, 'network'),
  );
  const email = site.acmeEmail && matching(site.acmeEmail, /^[^\s{}"@]+@[^\s{}"@]+$/, 'address');
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
${site.proxied ? `	tls ${ORIGIN_CERTIFICATE} ${ORIGIN_CERTIFICATE}\n` : ''}	header {
		Strict-Transport-Security "max-age=31536000"
		X-Content-Type-Options nosniff
		Referrer-Policy no-referrer
		-Server
	}
	@leaving file {
		root /
		try_files ${HOLDING_DROP_IN} ${FORWARDING_DROP_IN}
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
		@down expression {http.error.status_code} >= 502
		handle @down {
			header Retry-After 30
			header Content-Type application/json
			respond \`{"error":{"code":"${UNREACHABLE}","message":"Oven can't be reached for the moment."}}\` 503
		}
	}
}
`;
}

function matching(text: string, pattern: RegExp, what: string): string {
  if (!pattern.test(text)) throw new TypeError(`not a ${what}: ${text}`);
  return text;
}

/** Gives Caddy the folder of its admin socket and the time to end what it began, and has it started again whatever ends it. */
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
