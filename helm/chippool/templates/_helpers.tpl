{{- define "chippool.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 45 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 45 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "chippool.selector" -}}
app.kubernetes.io/name: chippool
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "chippool.labels" -}}
{{ include "chippool.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{/* True for whoever may say "admitted": the operator, and an admin who releases everything before an uninstall. */}}
{{- define "chippool.mayAssign" -}}
authorizer.group('chippool.io').resource('chipworkloads').namespace(request.namespace).check('assign').allowed()
{{- end -}}
