-- Azure Machine Learning: a model of one's own. What it does with a call is its own affair: VOLATILE.

CREATE OR REPLACE FUNCTION azure_ml.invoke(
    input_data jsonb,
    deployment_name text DEFAULT NULL,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS jsonb
LANGUAGE sql VOLATILE COST 10000
BEGIN ATOMIC
    SELECT pgazure_bridge.call('azure_ml.invoke', jsonb_build_object(
        'input_data', input_data, 'deployment_name', deployment_name, 'timeout_ms', timeout_ms,
        'throw_on_error', throw_on_error, 'max_attempts', max_attempts, 'retry_delay_ms', retry_delay_ms
    ));
END;
COMMENT ON FUNCTION azure_ml.invoke(jsonb, text, integer, boolean, integer, integer) IS
    'Answer of a model behind an online endpoint of Azure Machine Learning.';

CREATE OR REPLACE FUNCTION azure_ml.inference(
    input_data jsonb,
    deployment_name text DEFAULT NULL,
    timeout_ms integer DEFAULT NULL,
    throw_on_error boolean DEFAULT true,
    max_attempts integer DEFAULT 1,
    retry_delay_ms integer DEFAULT 1000
) RETURNS jsonb
LANGUAGE sql VOLATILE COST 10000
BEGIN ATOMIC
    SELECT pgazure_bridge.call('azure_ml.inference', jsonb_build_object(
        'input_data', input_data, 'deployment_name', deployment_name, 'timeout_ms', timeout_ms,
        'throw_on_error', throw_on_error, 'max_attempts', max_attempts, 'retry_delay_ms', retry_delay_ms
    ));
END;
COMMENT ON FUNCTION azure_ml.inference(jsonb, text, integer, boolean, integer, integer) IS
    'Answer of a model behind an online endpoint; the older name of azure_ml.invoke.';
