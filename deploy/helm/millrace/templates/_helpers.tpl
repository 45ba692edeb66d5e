{{- define "millrace.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "millrace.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "millrace.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "millrace.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "millrace.selector" -}}
app.kubernetes.io/name: {{ include "millrace.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "millrace.labels" -}}
{{ include "millrace.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: millrace
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "millrace.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- define "millrace.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "millrace.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{/* Fails with words a person can act on, which a schema cannot say. */}}
{{- define "millrace.check" -}}
{{- $v := .Values -}}
{{- if not $v.kafka.brokers }}{{ fail "kafka.brokers is not set: host:port of your brokers" }}{{ end -}}
{{- if not $v.schemaRegistry.url }}{{ fail "schemaRegistry.url is not set: the address of a registry that speaks Confluent's API" }}{{ end -}}
{{- if not $v.clickhouse.url }}{{ fail "clickhouse.url is not set: the HTTP address of ClickHouse" }}{{ end -}}
{{- if not $v.temporal.address }}{{ fail "temporal.address is not set: host:port of the frontend" }}{{ end -}}
{{- if not $v.api.token.existingSecret }}{{ fail "api.token.existingSecret is not set: the chart makes no secrets; kubectl create secret generic NAME --from-literal=token=\"$(openssl rand -base64 32)\"" }}{{ end -}}
{{- if and $v.kafka.sasl.mechanism (not $v.kafka.sasl.existingSecret) }}{{ fail "kafka.sasl.existingSecret is not set, and kafka.sasl.mechanism is" }}{{ end -}}
{{- if and (not $v.kafka.tls.enabled) (not (has "kafka" $v.plaintext)) }}{{ fail "kafka.tls.enabled is false: say plaintext: [kafka] if the network is trusted" }}{{ end -}}
{{- if and (not (hasPrefix "https:" $v.schemaRegistry.url)) (not (has "schema-registry" $v.plaintext)) }}{{ fail "schemaRegistry.url is not https: say plaintext: [schema-registry] if the network is trusted" }}{{ end -}}
{{- if and (not (hasPrefix "https:" $v.clickhouse.url)) (not (has "clickhouse" $v.plaintext)) }}{{ fail "clickhouse.url is not https: say plaintext: [clickhouse] if the network is trusted" }}{{ end -}}
{{- if and (not $v.temporal.tls.enabled) (not $v.temporal.apiKey.existingSecret) (not (has "temporal" $v.plaintext)) }}{{ fail "temporal.tls.enabled is false: say plaintext: [temporal] if the network is trusted" }}{{ end -}}
{{- if and $v.tracing.endpoint (not (hasPrefix "https:" $v.tracing.endpoint)) (not (has "traces" $v.plaintext)) }}{{ fail "tracing.endpoint is not https: say plaintext: [traces] if the network is trusted" }}{{ end -}}
{{- if and $v.api.mutualTls.enabled (not $v.api.authority.existingSecret) }}{{ fail "api.authority.existingSecret is not set, and api.mutualTls.enabled is: whose certificates should be let in?" }}{{ end -}}
{{- $p := $v.api.images.persistence -}}
{{- if and $p.enabled (gt (int $v.api.replicas) 1) (not $p.existingClaim) (not (has "ReadWriteMany" $p.accessModes)) }}{{ fail "api.images.persistence needs ReadWriteMany for more than one replica of the API" }}{{ end -}}
{{- range $role := list "registry" "presence" "projector" "relay" -}}
{{- if and (index $v $role).keda.enabled (not $v.keda.prometheus) }}{{ fail (printf "keda.prometheus is not set, and %s.keda is enabled" $role) }}{{ end -}}
{{- end -}}
{{- if and $v.strimzi.enabled (not $v.strimzi.cluster) }}{{ fail "strimzi.cluster is not set: the name of the Kafka resource" }}{{ end -}}
{{- end -}}

{{/* A secret's file in a pod: dict "name" "secret" "key" -> /etc/millrace/<name>/<key> */}}
{{- define "millrace.secretVolume" -}}
- name: {{ .name }}
  secret:
    secretName: {{ .secret }}
    defaultMode: 0440
{{- end -}}

{{/* Variables of every role that meets Kafka. dict "root" $ "own" (kafka of an agent, or empty) */}}
{{- define "millrace.streamEnv" -}}
{{- $k := .root.Values.kafka -}}
{{- $own := .own | default dict -}}
{{- $client := ternary ($own.client | default dict) $k.tls.client (not (empty (dig "client" "existingSecret" "" $own))) -}}
- { name: KAFKA_BROKERS, value: {{ $k.brokers | quote }} }
{{- if and .makesTopics $k.replicationFactor }}
- { name: KAFKA_REPLICATION_FACTOR, value: {{ $k.replicationFactor | quote }} }
{{- end }}
{{- if $k.tls.enabled }}
- { name: KAFKA_SSL, value: '1' }
{{- if $k.tls.ca.existingSecret }}
- { name: KAFKA_SSL_CA_FILE, value: {{ printf "/etc/millrace/kafka-ca/%s" $k.tls.ca.key | quote }} }
{{- end }}
{{- if $client.existingSecret }}
- { name: KAFKA_SSL_CERT_FILE, value: {{ printf "/etc/millrace/kafka-client/%s" ($client.certKey | default "tls.crt") | quote }} }
- { name: KAFKA_SSL_KEY_FILE, value: {{ printf "/etc/millrace/kafka-client/%s" ($client.keyKey | default "tls.key") | quote }} }
{{- end }}
{{- end }}
{{- with $k.sasl }}
{{- if .mechanism }}
{{- $s := ternary ($own.sasl | default dict) . (not (empty (dig "sasl" "existingSecret" "" $own))) }}
- { name: KAFKA_SASL_MECHANISM, value: {{ .mechanism | quote }} }
- { name: KAFKA_SASL_USERNAME, value: {{ $s.username | quote }} }
- { name: KAFKA_SASL_PASSWORD_FILE, value: {{ printf "/etc/millrace/kafka-sasl/%s" ($s.passwordKey | default "password") | quote }} }
{{- end }}
{{- end }}
{{- with .root.Values.schemaRegistry }}
- { name: SCHEMA_REGISTRY_URL, value: {{ .url | quote }} }
{{- if .username }}
- { name: SCHEMA_REGISTRY_USERNAME, value: {{ .username | quote }} }
- { name: SCHEMA_REGISTRY_PASSWORD_FILE, value: {{ printf "/etc/millrace/schema-registry/%s" .passwordKey | quote }} }
{{- end }}
{{- end }}
{{- with .root.Values.plaintext }}
- { name: MILLRACE_PLAINTEXT, value: {{ join "," . | quote }} }
{{- end }}
{{- if .root.Values.extraCa.existingSecret }}
- { name: NODE_EXTRA_CA_CERTS, value: {{ printf "/etc/millrace/extra-ca/%s" .root.Values.extraCa.key | quote }} }
{{- end }}
{{- end -}}

{{- define "millrace.clickhouseEnv" -}}
{{- with .Values.clickhouse -}}
- { name: CLICKHOUSE_URL, value: {{ .url | quote }} }
- { name: CLICKHOUSE_DATABASE, value: {{ .database | quote }} }
- { name: CLICKHOUSE_USER, value: {{ .user | quote }} }
{{- if .existingSecret }}
- { name: CLICKHOUSE_PASSWORD_FILE, value: {{ printf "/etc/millrace/clickhouse/%s" .passwordKey | quote }} }
{{- end }}
{{- end }}
{{- end -}}

{{/* How tables are made: for the setting up, and for those who wait for it. */}}
{{- define "millrace.clusterEnv" -}}
{{- with .Values.clickhouse -}}
{{- if .cluster }}
- { name: CLICKHOUSE_CLUSTER, value: {{ .cluster | quote }} }
- { name: CLICKHOUSE_NAMED_COLLECTION, value: {{ .namedCollection | quote }} }
{{- end }}
{{- end }}
{{- end -}}

{{- define "millrace.temporalEnv" -}}
{{- with .Values.temporal -}}
- { name: TEMPORAL_ADDRESS, value: {{ .address | quote }} }
- { name: TEMPORAL_NAMESPACE, value: {{ .namespace | quote }} }
{{- if .tls.enabled }}
- { name: TEMPORAL_TLS, value: '1' }
{{- if .tls.ca.existingSecret }}
- { name: TEMPORAL_TLS_CA_FILE, value: {{ printf "/etc/millrace/temporal-ca/%s" .tls.ca.key | quote }} }
{{- end }}
{{- if .tls.client.existingSecret }}
- { name: TEMPORAL_TLS_CERT_FILE, value: {{ printf "/etc/millrace/temporal-client/%s" .tls.client.certKey | quote }} }
- { name: TEMPORAL_TLS_KEY_FILE, value: {{ printf "/etc/millrace/temporal-client/%s" .tls.client.keyKey | quote }} }
{{- end }}
{{- end }}
{{- if .apiKey.existingSecret }}
- { name: TEMPORAL_API_KEY_FILE, value: {{ printf "/etc/millrace/temporal-api-key/%s" .apiKey.key | quote }} }
{{- end }}
{{- end }}
{{- end -}}

{{/* Secrets that a role mounts, as "name=secret" lines. dict "root" $ "needs" list "own" dict */}}
{{- define "millrace.secrets" -}}
{{- $v := .root.Values -}}
{{- $own := .own | default dict -}}
{{- if has "stream" .needs }}
{{- if and $v.kafka.tls.enabled $v.kafka.tls.ca.existingSecret }}
kafka-ca={{ $v.kafka.tls.ca.existingSecret }}
{{- end }}
{{- with (dig "client" "existingSecret" "" $own) | default $v.kafka.tls.client.existingSecret }}
{{- if $v.kafka.tls.enabled }}
kafka-client={{ . }}
{{- end }}
{{- end }}
{{- if $v.kafka.sasl.mechanism }}
kafka-sasl={{ (dig "sasl" "existingSecret" "" $own) | default $v.kafka.sasl.existingSecret }}
{{- end }}
{{- if $v.schemaRegistry.username }}
schema-registry={{ required "schemaRegistry.existingSecret is not set, and schemaRegistry.username is" $v.schemaRegistry.existingSecret }}
{{- end }}
{{- if $v.extraCa.existingSecret }}
extra-ca={{ $v.extraCa.existingSecret }}
{{- end }}
{{- end }}
{{- if and (has "clickhouse" .needs) $v.clickhouse.existingSecret }}
clickhouse={{ $v.clickhouse.existingSecret }}
{{- end }}
{{- if has "temporal" .needs }}
{{- if and $v.temporal.tls.enabled $v.temporal.tls.ca.existingSecret }}
temporal-ca={{ $v.temporal.tls.ca.existingSecret }}
{{- end }}
{{- if and $v.temporal.tls.enabled $v.temporal.tls.client.existingSecret }}
temporal-client={{ $v.temporal.tls.client.existingSecret }}
{{- end }}
{{- if $v.temporal.apiKey.existingSecret }}
temporal-api-key={{ $v.temporal.apiKey.existingSecret }}
{{- end }}
{{- end }}
{{- if has "token" .needs }}
api-token={{ $v.api.token.existingSecret }}
{{- end }}
{{- if has "api" .needs }}
{{- if $v.api.issuerKey.existingSecret }}
issuer-key={{ $v.api.issuerKey.existingSecret }}
{{- end }}
{{- if $v.api.authority.existingSecret }}
authority={{ $v.api.authority.existingSecret }}
{{- end }}
{{- if $v.api.pseudonyms.existingSecret }}
pseudonyms={{ $v.api.pseudonyms.existingSecret }}
{{- end }}
{{- if $v.api.mutualTls.enabled }}
mutual-tls={{ required "api.mutualTls.tlsSecret is not set, and api.mutualTls.enabled is" $v.api.mutualTls.tlsSecret }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "millrace.mounts" -}}
- { name: tmp, mountPath: /tmp }
{{- range $line := splitList "\n" (include "millrace.secrets" . | trim) }}
{{- if $line }}
- { name: {{ (split "=" $line)._0 }}, mountPath: {{ printf "/etc/millrace/%s" (split "=" $line)._0 }}, readOnly: true }
{{- end }}
{{- end }}
{{- end -}}

{{- define "millrace.volumes" -}}
- name: tmp
  emptyDir: { sizeLimit: 256Mi }
{{- range $line := splitList "\n" (include "millrace.secrets" . | trim) }}
{{- if $line }}
{{ include "millrace.secretVolume" (dict "name" (split "=" $line)._0 "secret" (split "=" $line)._1) }}
{{- end }}
{{- end }}
{{- end -}}

{{/* What every pod has; dict "root" $ "role" values of the role */}}
{{- define "millrace.podCommon" -}}
{{- $d := .root.Values.defaults -}}
serviceAccountName: {{ include "millrace.serviceAccount" .root }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext: {{- toYaml $d.podSecurityContext | nindent 2 }}
terminationGracePeriodSeconds: {{ $d.terminationGracePeriodSeconds }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- with (.role.priorityClassName | default $d.priorityClassName) }}
priorityClassName: {{ . }}
{{- end }}
{{- with (.role.nodeSelector | default $d.nodeSelector) }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with (.role.tolerations | default $d.tolerations) }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with (.role.affinity | default $d.affinity) }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "millrace.probes" -}}
ports:
  - { name: metrics, containerPort: 9090 }
{{- range .ports }}
  - { name: {{ .name }}, containerPort: {{ .port }}, protocol: {{ .protocol | default "TCP" }} }
{{- end }}
startupProbe: { httpGet: { path: /healthz, port: metrics }, periodSeconds: 2, failureThreshold: 60 }
livenessProbe: { httpGet: { path: /healthz, port: metrics }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 }
readinessProbe: { httpGet: { path: /readyz, port: metrics }, periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 3 }
{{- end -}}

{{- define "millrace.tracingEnv" -}}
{{- with .Values.tracing -}}
{{- if .endpoint -}}
- { name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ .endpoint | quote }} }
- { name: TRACE_PER_MILLION, value: {{ int .perMillion | quote }} }
- { name: TRACE_FRAMES_PER_MILLION, value: {{ int .framesPerMillion | quote }} }
{{- end }}
{{- end }}
{{- end -}}

{{- define "millrace.healthEnv" -}}
- { name: LOG_LEVEL, value: {{ .root.Values.logLevel | quote }} }
- { name: HEALTH_HOST, value: 0.0.0.0 }
- { name: HEALTH_PORT, value: '9090' }
{{- end -}}

{{- define "millrace.containerCommon" -}}
image: {{ include "millrace.image" .root | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext: {{- toYaml .root.Values.defaults.securityContext | nindent 2 }}
{{- end -}}

{{- define "millrace.spread" -}}
{{- $root := .root }}
topologySpreadConstraints:
{{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "millrace.selector" $root | nindent 8 }}
        app.kubernetes.io/component: {{ $.name }}
{{- end }}
{{- end -}}

{{/* Waits until the setting up has made what this release needs. dict "root" $ "needs" list "own" dict */}}
{{- define "millrace.waitContainer" -}}
- name: wait-for-setup
  {{- include "millrace.containerCommon" . | nindent 2 }}
  {{- $only := has "clickhouse" .needs | ternary "topics,schemas,tables" "topics,schemas" }}
  command: [node, dist/deploy/setup/main.js, --wait, {{ .root.Values.setup.waitSeconds | quote }}, --only, {{ $only | quote }}]
  env:
    {{- include "millrace.streamEnv" . | nindent 4 }}
    {{- if has "clickhouse" .needs }}
    {{- include "millrace.clickhouseEnv" .root | nindent 4 }}
    {{- with (include "millrace.clusterEnv" .root | trim) }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- end }}
  volumeMounts:
    {{- include "millrace.mounts" . | nindent 4 }}
  resources: {{- toYaml .root.Values.setup.resources | nindent 4 }}
{{- end -}}

{{- define "millrace.apiEnv" -}}
{{- $a := .Values.api -}}
- { name: API_HOST, value: 0.0.0.0 }
- { name: API_PORT, value: '8080' }
- { name: TENANT, value: {{ .Values.tenant | quote }} }
- { name: MILLRACE_API_TOKEN_FILE, value: {{ printf "/etc/millrace/api-token/%s" $a.token.key | quote }} }
- { name: IMAGE_DIR, value: /var/lib/millrace/images }
- { name: API_RATE_PER_SECOND, value: {{ $a.rateLimit.perSecond | quote }} }
- { name: API_RATE_BURST, value: {{ $a.rateLimit.burst | quote }} }
{{- if $a.issuerKey.existingSecret }}
- { name: MILLRACE_ISSUER_KEY_FILE, value: {{ printf "/etc/millrace/issuer-key/%s" $a.issuerKey.key | quote }} }
{{- end }}
{{- if $a.authority.existingSecret }}
- { name: MILLRACE_CA_KEY_FILE, value: {{ printf "/etc/millrace/authority/%s" $a.authority.key | quote }} }
- { name: MILLRACE_CERTIFICATE_HOURS, value: {{ $a.certificateHours | quote }} }
{{- end }}
{{- if $a.pseudonyms.existingSecret }}
- { name: PSEUDONYM_KEY_DIR, value: /etc/millrace/pseudonyms }
{{- end }}
{{- if $a.mutualTls.enabled }}
- { name: API_MTLS_PORT, value: '8443' }
- { name: API_MTLS_HOST, value: 0.0.0.0 }
- { name: API_MTLS_CERT_FILE, value: /etc/millrace/mutual-tls/tls.crt }
- { name: API_MTLS_KEY_FILE, value: /etc/millrace/mutual-tls/tls.key }
{{- end }}
{{- if .Values.kafka.agentAcls }}
- { name: KAFKA_AGENT_ACLS, value: '1' }
{{- end }}
{{- with $a.oidc }}
{{- if .issuer }}
- { name: OIDC_ISSUER, value: {{ .issuer | quote }} }
- { name: OIDC_AUDIENCE, value: {{ required "api.oidc.audience is not set, and api.oidc.issuer is" .audience | quote }} }
- { name: OIDC_ROLES_CLAIM, value: {{ .rolesClaim | quote }} }
- { name: OIDC_TENANT_CLAIM, value: {{ .tenantClaim | quote }} }
{{- with .jwksUrl }}
- { name: OIDC_JWKS_URL, value: {{ . | quote }} }
{{- end }}
{{- with .tenant }}
- { name: OIDC_TENANT, value: {{ . | quote }} }
{{- end }}
{{- end }}
{{- end }}
{{- if $a.localWebhooks }}
- { name: WEBHOOK_LOCAL, value: '1' }
{{- end }}
{{- with $a.commandApproval }}
- { name: COMMAND_APPROVAL, value: {{ join "," . | quote }} }
{{- end }}
{{- end -}}

{{/* Container of an agent; dict "root" "own" "name" "needs" "ports" "profile" volume's name "id" environment variables as text */}}
{{- define "millrace.agentContainer" -}}
- name: agent
  {{- include "millrace.containerCommon" . | nindent 2 }}
  {{- with .restartPolicy }}
  restartPolicy: {{ . }}
  {{- end }}
  command: [node, dist/edge-agent/main.js, run, --profile, {{ .profile | quote }}, --data, /var/lib/millrace/agent]
  env:
    {{- include "millrace.healthEnv" . | nindent 4 }}
    {{- include "millrace.streamEnv" . | nindent 4 }}
    {{- with (include "millrace.tracingEnv" .root | trim) }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with .env }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- include "millrace.probes" . | nindent 2 }}
  resources: {{- toYaml .role.resources | nindent 4 }}
  volumeMounts:
    {{- include "millrace.mounts" . | nindent 4 }}
    - { name: data, mountPath: /var/lib/millrace }
    {{- with .mounts }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{/* The id of an agent is its disk's for ever: a pod without a disk of its own takes its uid into it. */}}
{{- define "millrace.canaryId" -}}
- { name: POD_UID, valueFrom: { fieldRef: { fieldPath: metadata.uid } } }
- { name: CANARY_ID, value: {{ .id | quote }} }
{{- end -}}

{{- define "millrace.canaryEnv" -}}
{{- include "millrace.canaryId" . }}
- { name: API_URL, value: {{ printf "http://%s-api:%v" (include "millrace.fullname" .root) .root.Values.api.service.port | quote }} }
- { name: MILLRACE_API_TOKEN_FILE, value: {{ printf "/etc/millrace/api-token/%s" .root.Values.api.token.key | quote }} }
{{- end -}}

{{/* A simulated plant and the agent that reads it, which end with their pod. */}}
{{- define "millrace.canarySidecars" -}}
- name: plant
  {{- include "millrace.containerCommon" . | nindent 2 }}
  restartPolicy: Always
  command: [node, dist/deploy/local/plant/modbus/main.js]
  env:
    - { name: PLANT_PORT, value: '5020' }
    - { name: PLANT_DATA_DIR, value: /var/lib/millrace/plant }
    - { name: HEALTH_PORT, value: '9092' }
  resources: {{- toYaml .role.resources | nindent 4 }}
  volumeMounts:
    - { name: data, mountPath: /var/lib/millrace }
- name: agent
  {{- include "millrace.containerCommon" . | nindent 2 }}
  restartPolicy: Always
  command: [node, dist/edge-agent/main.js, run, --profile, deploy/canary/profile.yaml, --data, /var/lib/millrace/agent]
  env:
    {{- include "millrace.canaryId" . | nindent 4 }}
    - { name: PLANT_PORT, value: '5020' }
    - { name: HEALTH_HOST, value: 0.0.0.0 }
    - { name: HEALTH_PORT, value: '9091' }
    {{- include "millrace.streamEnv" (merge (dict "makesTopics" true) .) | nindent 4 }}
  startupProbe: { httpGet: { path: /healthz, port: 9091 }, periodSeconds: 2, failureThreshold: 60 }
  resources: {{- toYaml .role.resources | nindent 4 }}
  volumeMounts:
    {{- include "millrace.mounts" . | nindent 4 }}
    - { name: data, mountPath: /var/lib/millrace }
{{- end -}}

{{/* TASK_QUEUE of workflows/shared/messages.ts */}}
{{- define "millrace.taskQueue" -}}millrace{{- end -}}
