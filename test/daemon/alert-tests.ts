/** Metrics, with their labels, and values as promtool expands them. */
type Values = Readonly<Record<string, string>>

function seriesOf(instance: string, values: Values) {
  return Object.entries(values).map(([metric, expanded]) => {
    const [name, labels = ''] = metric.replace('}', '').split('{')
    return {
      series: `${name}{${[`instance="${instance}"`, labels].filter(Boolean).join(',')}}`,
      values: expanded,
    }
  })
}

/** Of two hosts, one that has the trouble and one that is well: nobody is alerted at first, then for the one alone. */
function alert(name: string, [quiet, loud]: readonly [string, string], trouble: Values, well: Values) {
  const firing = 'count by (alertname, instance) (ALERTS{alertstate="firing"})'
  return {
    name,
    interval: '1m',
    input_series: [...seriesOf('ill', trouble), ...seriesOf('well', well)],
    promql_expr_test: [
      { expr: firing, eval_time: quiet, exp_samples: [] },
      {
        expr: firing,
        eval_time: loud,
        exp_samples: [{ labels: `{alertname="${name}",instance="ill"}`, value: 1 }],
      },
    ],
  }
}

/** For `promtool test rules`: what each rule of templates/monitoring is about, and when it has to say so. */
export const alertTests = [
  alert('GreyctlDown', ['4m', '10m'], { 'up{job="greyctl"}': '0x20' }, { 'up{job="greyctl"}': '1x20' }),
  alert(
    'GreyctlFailsOpen',
    ['4m', '12m'],
    { greyctl_fail_open_total: '0x6 1x20' },
    { greyctl_fail_open_total: '7x30' },
  ),
  alert('GreyctlStoreDown', ['4m', '10m'], { greyctl_store_up: '0x20' }, { greyctl_store_up: '1x20' }),
  alert(
    'GreyctlAlone',
    ['4m', '10m'],
    { greyctl_shared_store_up: '0x20' },
    { greyctl_shared_store_up: '1x20' },
  ),
  alert(
    'GreyctlSlow',
    ['9m', '15m'],
    {
      'greyctl_request_duration_seconds_bucket{le="1"}': '0x30',
      'greyctl_request_duration_seconds_bucket{le="5"}': '0+9x30',
      'greyctl_request_duration_seconds_bucket{le="+Inf"}': '0+9x30',
    },
    {
      'greyctl_request_duration_seconds_bucket{le="1"}': '0+9x30',
      'greyctl_request_duration_seconds_bucket{le="5"}': '0+9x30',
      'greyctl_request_duration_seconds_bucket{le="+Inf"}': '0+9x30',
    },
  ),
  alert(
    'GreyctlReloadFailed',
    ['4m', '12m'],
    { greyctl_config_last_reload_successful: '1x6 0x20' },
    { greyctl_config_last_reload_successful: '1x30' },
  ),
  alert(
    'GreyctlRefusesConnections',
    ['4m', '12m'],
    { 'greyctl_connections_refused_total{cause="too many"}': '0x6 3x20' },
    { 'greyctl_connections_refused_total{cause="too many"}': '3x30' },
  ),
  alert(
    'GreyctlNobodyComesBack',
    ['30m', '6h'],
    {
      'greyctl_requests_total{action="defer",reason="new"}': '0+1x400',
      greyctl_wait_seconds_count: '0x400',
    },
    {
      'greyctl_requests_total{action="defer",reason="new"}': '0+1x400',
      greyctl_wait_seconds_count: '0+1x400',
    },
  ),
]
